#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client_address.h"
#include "err.h"
#include "mem.h"

static struct trusted_proxies *proxies_of(const char *text)
{
    struct trusted_proxies *proxies = NULL;
    char *why = NULL;
    if (trusted_proxies_parse(text, &proxies, &why) != 0)
        fail_msg("%s: %s", text, why);
    return proxies;
}

static void lists_of_networks_are_checked(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "10.0.0.1", "10.0.0.0/8, 2001:db8::/32,::1", "0.0.0.0/0", "::/0", "192.0.2.1/32",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        trusted_proxies_free(proxies_of(good[i]));
    static const char *const bad[] = {
        "x",        "10.0.0.0/33", "10.0.0.0/",     "10.0.0.0/-1", "10.0.0.0/8x",   "::/129",
        "10.0.0/8", ",",           "10.0.0.1,,::1", "10.0.0.1:80", "proxy.example",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct trusted_proxies *proxies = NULL;
        AUTO(free) char *why = NULL;
        if (trusted_proxies_parse(bad[i], &proxies, &why) != ERR_INVALID)
            fail_msg("%s is taken", bad[i]);
        assert_non_null(why);
        assert_null(proxies);
    }
}

static void rightmost_untrusted_address_counts(void **state)
{
    (void)state;
    static const struct {
        const char *proxies, *peer, *forwarded, *client;
    } cases[] = {
        /* Nobody is trusted: what a client says of itself does not count. */
        {"", "203.0.113.9", "198.51.100.1", "203.0.113.9"},
        {"10.0.0.0/8", "203.0.113.9", "198.51.100.1", "203.0.113.9"},
        {"10.0.0.0/8", "11.0.0.1", "198.51.100.1", "11.0.0.1"},
        {"10.0.0.0/8", "10.1.2.3", NULL, "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "", "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1", "198.51.100.1"},
        /* A client's own entry stands left of what the proxy saw. */
        {"10.0.0.0/8", "10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"},
        {"10.0.0.0/8", "10.1.2.3", "1.1.1.1,198.51.100.1 ,10.9.9.9", "198.51.100.1"},
        {"10.0.0.0/8", "10.1.2.3", "10.0.0.7, 10.9.9.9", "10.0.0.7"},
        {"10.0.0.0/12", "10.15.0.1", "10.16.0.1", "10.16.0.1"},
        /* What is no address ends the way. */
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1, junk", "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "junk, 198.51.100.1", "198.51.100.1"},
        {"10.0.0.0/8", "10.1.2.3", "unknown", "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1,", "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1:4711", "198.51.100.1"},
        {"10.0.0.0/8", "10.1.2.3", "[2001:db8:1:2:3::9]:4711", "2001:db8:1:2::/64"},
        /* One client has a whole /64. */
        {"", "2001:db8:1:2:3:4:5:6", NULL, "2001:db8:1:2::/64"},
        {"", "2001:db8:1:2::1", NULL, "2001:db8:1:2::/64"},
        {"::1", "::1", "2001:db8:1:3::1", "2001:db8:1:3::/64"},
        {"2001:db8::/33", "2001:db8:8000::1", "192.0.2.1", "2001:db8:8000::/64"},
        /* A socket for both families shows IPv4 as mapped. */
        {"10.0.0.0/8", "::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"},
        {"", "::ffff:203.0.113.9", NULL, "203.0.113.9"},
        {"10.0.0.0/8", "", "198.51.100.1", "unknown"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char client[CLIENT_ADDRESS_BYTES];
        struct trusted_proxies *proxies = proxies_of(cases[i].proxies);
        client_address(proxies, cases[i].peer, cases[i].forwarded, client);
        if (strcmp(client, cases[i].client) != 0)
            fail_msg("%s by %s: %s", cases[i].forwarded, cases[i].peer, client);
        trusted_proxies_free(proxies);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_networks_are_checked),
        cmocka_unit_test(rightmost_untrusted_address_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
