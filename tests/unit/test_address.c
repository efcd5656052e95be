#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "address.h"
#include "mem.h"

static void assert_private(const char *text)
{
    if (!address_text_is_private(text))
        fail_msg("%s passed for public", text);
}

static void assert_public(const char *text)
{
    if (address_text_is_private(text))
        fail_msg("%s passed for private", text);
}

static void special_ipv4_ranges_are_private_to_their_edges(void **state)
{
    (void)state;
    const char *edges[][2] = {{"0.0.0.0", "0.255.255.255"},       {"10.0.0.0", "10.255.255.255"},
                              {"100.64.0.0", "100.127.255.255"},  {"127.0.0.0", "127.255.255.255"},
                              {"169.254.0.0", "169.254.255.255"}, {"172.16.0.0", "172.31.255.255"},
                              {"192.0.0.0", "192.0.0.255"},       {"192.0.2.0", "192.0.2.255"},
                              {"192.168.0.0", "192.168.255.255"}, {"198.18.0.0", "198.19.255.255"},
                              {"198.51.100.0", "198.51.100.255"}, {"203.0.113.0", "203.0.113.255"},
                              {"224.0.0.0", "255.255.255.255"}};
    for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
        assert_private(edges[i][0]);
        assert_private(edges[i][1]);
    }
    assert_private("169.254.169.254");
}

static void what_lies_beside_them_is_public(void **state)
{
    (void)state;
    const char *beside[] = {"1.0.0.0",     "9.255.255.255",   "11.0.0.0",       "100.63.255.255",
                            "100.128.0.0", "126.255.255.1",   "128.0.0.0",      "169.253.255.1",
                            "169.255.0.0", "172.15.255.255",  "172.32.0.0",     "192.0.1.0",
                            "192.0.3.0",   "192.167.255.255", "192.169.0.0",    "198.17.255.1",
                            "198.20.0.0",  "198.51.99.255",   "198.51.101.0",   "203.0.112.255",
                            "203.0.114.0", "8.8.8.8",         "223.255.255.255"};
    for (size_t i = 0; i < ARRAY_LEN(beside); i++)
        assert_public(beside[i]);
}

static void ipv6_is_public_in_global_unicast_only(void **state)
{
    (void)state;
    const char *closed[] = {"::",      "::1",        "fe80::1",     "fc00::1",    "fd00:ec2::254",
                            "ff02::1", "100::1",     "fec0::1",     "5f00::1",    "1fff::1",
                            "4000::1", "2001::1",    "2001:db8::1", "2001:2::1",  "2001:10::1",
                            "3fff::1", "3fff:fff::", "2001:0:1::1", "::ffff:0:0", "64:ff9b:1::1"};
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        assert_private(closed[i]);
    const char *open[] = {"2000::1",     "2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888",
                          "2001:200::1", "2001:db9::1",     "3ffe::1",      "3fff:1000::1"};
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        assert_public(open[i]);
}

static void ipv4_inside_ipv6_is_seen(void **state)
{
    (void)state;
    const char *closed[] = {"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.1.2.3",
                            "::127.0.0.1",      "64:ff9b::10.0.0.1",      "64:ff9b::192.168.1.1",
                            "2002:7f00:1::",    "2002:a00:1::1",          "2002:c0a8:101::1"};
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        assert_private(closed[i]);
    assert_public("::ffff:8.8.8.8");
    assert_public("64:ff9b::8.8.8.8");
    assert_public("2002:808:808::1");
}

static void what_is_no_address_is_private(void **state)
{
    (void)state;
    const char *bad[] = {"",          "localhost",    "example.com", "8.8.8",     "8.8.8.8.8",
                         "8.8.8.8 ",  "08.8.8.8.",    "0x8.8.8.8",   "134744072", "256.1.1.1",
                         "[2a00::1]", "fe80::1%eth0", "2a00::1::2",  "8.8.8.8:80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_private(bad[i]);
}

static void socket_addresses_are_read_in_network_order(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    assert_true(address_is_private((struct sockaddr *)&v4));
    v4.sin_addr.s_addr = htonl(0x0800000a); /* 10.0.0.8 the other way round */
    assert_false(address_is_private((struct sockaddr *)&v4));
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    assert_true(address_is_private((struct sockaddr *)&v6));
    assert_int_equal(inet_pton(AF_INET6, "2a00:1450::1", &v6.sin6_addr), 1);
    assert_false(address_is_private((struct sockaddr *)&v6));
}

static void other_families_are_private(void **state)
{
    (void)state;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    assert_true(address_is_private((struct sockaddr *)&local));
    assert_true(address_is_private(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_ipv4_ranges_are_private_to_their_edges),
        cmocka_unit_test(what_lies_beside_them_is_public),
        cmocka_unit_test(ipv6_is_public_in_global_unicast_only),
        cmocka_unit_test(ipv4_inside_ipv6_is_seen),
        cmocka_unit_test(what_is_no_address_is_private),
        cmocka_unit_test(socket_addresses_are_read_in_network_order),
        cmocka_unit_test(other_families_are_private),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
