#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "license.h"
#include "mem.h"

static const struct {
    const char *text;
    const char *expression; /* NULL: none */
} expressions[] = {
    {"MIT", "MIT"},
    {"mit", "MIT"},
    {"  apache-2.0\n", "Apache-2.0"},
    {"0bsd", "0BSD"},
    {"zpl-2.1", "ZPL-2.1"},
    {"bsd-3-CLAUSE", "BSD-3-Clause"},
    {"GPL-2.0", "GPL-2.0"}, /* deprecated */
    {"gpl-2.0+", "GPL-2.0+"},
    {"gpl-2.0-or-later", "GPL-2.0-or-later"},
    {"ECOS-2.0", "eCos-2.0"},
    {"MIT OR Apache-2.0", "MIT OR Apache-2.0"},
    {"mit or apache-2.0 and isc", "MIT OR Apache-2.0 AND ISC"},
    {"MIT\tAND\n\nISC", "MIT AND ISC"},
    {"( MIT or (isc AND Zlib) )", "(MIT OR (ISC AND Zlib))"},
    {"(MIT)AND(ISC)", "(MIT) AND (ISC)"},
    {"gpl-2.0-only with classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"},
    {"GPL-2.0+ WITH GCC-exception-2.0 AND MIT", "GPL-2.0+ WITH GCC-exception-2.0 AND MIT"},
    {"LicenseRef-Mine AND MIT", "LicenseRef-Mine AND MIT"},
    {"DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2",
     "DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2"},
    {"", NULL},
    {"   ", NULL},
    {"Proprietary", NULL},
    {"MIT, ISC", NULL},
    {"MIT/Apache-2.0", NULL},
    {"MIT ISC", NULL},
    {"MIT AND", NULL},
    {"AND MIT", NULL},
    {"MIT AND OR ISC", NULL},
    {"MIT WITH", NULL},
    {"MIT WITH MIT", NULL},
    {"Classpath-exception-2.0", NULL},
    {"MIT WITH GCC-exception-2.0 WITH GCC-exception-2.0", NULL},
    {"(MIT) WITH GCC-exception-2.0", NULL},
    {"(MIT", NULL},
    {"MIT)", NULL},
    {")MIT(", NULL},
    {"MIT) OR (ISC", NULL},
    {"()", NULL},
    {"MIT ()", NULL},
    {"(MIT) ISC", NULL},
    {"MIT (ISC)", NULL},
    {"+", NULL},
    {"MIT++", NULL},
    {"MIT +", NULL},
    {"LicenseRef-", NULL},
    {"LicenseRef-a/b", NULL},
    {"DocumentRef-:LicenseRef-a", NULL},
    {"DocumentRef-a", NULL},
    {"MIT<script>", NULL},
    {"../../evil-1", NULL},
    {"none", NULL},
};

static void expressions_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
        AUTO(free) char *found = license_expression(expressions[i].text);
        const char *wanted = expressions[i].expression;
        if (!wanted != !found || (wanted && strcmp(wanted, found) != 0))
            fail_msg("%s gives %s", expressions[i].text, found ? found : "none");
    }
}

/* text repeated, with an end of its own; caller frees. */
static char *repeated(const char *text, size_t count, const char *end)
{
    size_t len = strlen(text);
    char *all = xmalloc(len * count + strlen(end) + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, text, len);
    memcpy(all + len * count, end, strlen(end) + 1);
    return all;
}

static void long_texts_are_bounded(void **state)
{
    (void)state;
    AUTO(free) char *chain = repeated("MIT AND ", 100, "MIT");
    AUTO(free) char *same = license_expression(chain);
    assert_string_equal(same, chain);
    AUTO(free) char *too_long = repeated("MIT AND ", 200, "MIT");
    assert_null(license_expression(too_long));
    AUTO(free) char *deep = repeated("(", 1000, "MIT");
    assert_null(license_expression(deep));
    AUTO(free) char *word = repeated("x", 500, "");
    assert_null(license_expression(word));
}

static const struct {
    const char *labels;
    const char *code; /* NULL: no license */
    const char *url;  /* NULL: left out */
} licenses[] = {
    {"{'org.label-schema.license':'MIT','org.opencontainers.image.licenses':'ISC'}", "MIT",
     "https://spdx.org/licenses/MIT.html"},
    {"{'org.opencontainers.image.licenses':'Apache-2.0','license':'ISC'}", "Apache-2.0",
     "https://spdx.org/licenses/Apache-2.0.html"},
    {"{'org.opencontainers.image.license':'isc'}", "ISC", "https://spdx.org/licenses/ISC.html"},
    {"{'z.license':'ISC','a.license.x':'mit'}", "ISC", "https://spdx.org/licenses/ISC.html"},
    {"{'org.label-schema.license':'GPL-2.0'}", "GPL-2.0", "https://spdx.org/licenses/GPL-2.0.html"},
    {"{'org.label-schema.license':'gpl-3.0+'}", "GPL-3.0+",
     "https://spdx.org/licenses/GPL-3.0.html"},
    {"{'org.label-schema.license':'','license':'GPLv3'}", "GPLv3",
     "https://spdx.org/licenses/GPL-3.0.html"},
    {"{'license':'gplv2'}", "gplv2", "https://spdx.org/licenses/GPL-2.0.html"},
    {"{'license':'mit or apache-2.0'}", "MIT OR Apache-2.0", NULL},
    {"{'license':'Apache-2.0 WITH LLVM-exception'}", "Apache-2.0 WITH LLVM-exception", NULL},
    {"{'license':'Proprietary'}", "Proprietary", NULL},
    {"{'license':'LicenseRef-1'}", "LicenseRef-1", NULL},
    {"{'license':'../../evil-1'}", "../../evil-1", NULL},
    {"{'license':'javascript:alert(1)'}", "javascript:alert(1)", NULL},
    {"{'license':'<script>-1'}", "<script>-1", NULL},
    {"{'license':'MIT'}", "MIT", "https://spdx.org/licenses/MIT.html"},
    {"{'license':5}", NULL, NULL},
    {"{'license':null}", NULL, NULL},
    {"{'other':'x'}", NULL, NULL},
    {"{}", NULL, NULL},
};

static void licenses_of_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(licenses); i++) {
        JSON_AUTO
        json_t *labels = unit_json(licenses[i].labels);
        JSON_AUTO
        json_t *license = license_of(labels);
        if (!licenses[i].code) {
            assert_null(license);
            continue;
        }
        assert_string_equal(jsonx_str(license, "Code"), licenses[i].code);
        assert_string_equal(jsonx_str(license, "URL"), licenses[i].url ? licenses[i].url : "");
        assert_int_equal(json_object_size(license), licenses[i].url ? 2 : 1);
    }
    assert_null(license_of(NULL));
}

static void a_whole_license_text_is_cut(void **state)
{
    (void)state;
    AUTO(free) char *text = repeated("\xe2\x82\xac", 1000, "");
    JSON_AUTO
    json_t *labels = json_pack("{s:s}", "license", text);
    JSON_AUTO
    json_t *license = license_of(labels);
    assert_int_equal(strlen(jsonx_str(license, "Code")), LICENSE_CODE_MAX_BYTES / 3 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_read),
        cmocka_unit_test(long_texts_are_bounded),
        cmocka_unit_test(licenses_of_labels),
        cmocka_unit_test(a_whole_license_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
