#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "variant.h"

/* A letter a part: its duration_ms is the letter. */
static struct bulletin bulletin(const char *letters, const char *const *languages)
{
    struct bulletin b = {.part_count = strlen(letters)};

    for (size_t i = 0; i < b.part_count; i++) {
        b.parts[i].kind = letters[i] == 'C' ? PART_CHIME : PART_MEDIA;
        b.parts[i].duration_ms = (uint32_t)letters[i];
        snprintf(b.parts[i].language, LANGUAGE_SIZE, "%s", languages[i]);
    }
    return b;
}

static void hears(const struct bulletin *b, const char *wanted, const char *variant,
                  const char *letters)
{
    struct bulletin view = *b;
    struct languages l;
    char name[LANGUAGES_TEXT_SIZE], got[BULLETIN_PARTS_MAX + 1] = "";

    languages_parse(wanted, &l);
    variant_choose(b, &l, name);
    assert_string_equal(name, variant);
    variant_apply(&view, name);
    for (size_t i = 0; i < view.part_count; i++)
        got[i] = (char)view.parts[i].duration_ms;
    assert_string_equal(got, letters);
}

static void test_each_zone_hears_its_languages_in_its_order(void **state)
{
    const char *const languages[] = {"", "vi", "hmn", "", "vi", "hmn", ""};
    struct bulletin b = bulletin("Cvhmwic", languages);

    (void)state;
    hears(&b, "", "", "Cvhmwic");
    hears(&b, "vi", "vi", "Cvmwc");
    hears(&b, "hmn", "hmn", "Chmic");
    hears(&b, "hmn,vi", "hmn,vi", "Chvmiwc");
    hears(&b, "vi,hmn", "vi,hmn", "Cvhmwic");
    hears(&b, "km,HMN", "HMN", "Chmic");
}

static void test_without_its_language_a_zone_hears_what_is_for_all(void **state)
{
    const char *const languages[] = {"", "vi", "hmn"};
    struct bulletin b = bulletin("avh", languages);

    (void)state;
    hears(&b, "km", "-", "a");
}

static void test_or_vietnamese_or_all_of_it(void **state)
{
    const char *const some[] = {"", "vi", "hmn"}, *const none[] = {"", "hmn", "tai"};
    struct bulletin b = bulletin("Cvh", some);

    (void)state;
    hears(&b, "km", "vi", "Cv");
    b = bulletin("Cht", none);
    hears(&b, "km", "", "Cht");
}

static void test_a_bulletin_without_languages_is_one_for_all(void **state)
{
    const char *const languages[] = {"", ""};
    struct bulletin b = bulletin("Ca", languages);

    (void)state;
    hears(&b, "hmn,vi", "", "Ca");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_zone_hears_its_languages_in_its_order),
        cmocka_unit_test(test_without_its_language_a_zone_hears_what_is_for_all),
        cmocka_unit_test(test_or_vietnamese_or_all_of_it),
        cmocka_unit_test(test_a_bulletin_without_languages_is_one_for_all),
    };

    return cmocka_run_group_tests_name("variant", tests, NULL, NULL);
}
