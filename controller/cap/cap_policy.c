#include "cap_policy.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_finding.h"
#include "cap_time.h"
#include "cap_words.h"
#include "utf8.h"

#define LINE_MAX_BYTES 190 /* what inih reads in one piece */
#define CERTIFICATE_BYTES_MAX 16384
#define VALID_MAX_S (31U * 86400)

struct reading {
    struct cap_policy *policy;
    const char *folder;
    struct err_detail *detail;
    enum err result;
    bool rules_given;
};

/* The sentence for a value that is not what its key takes. */
static enum err refuse(struct reading *r, const char *key, const char *value, const char *expected)
{
    return err_set(r->detail, ERR_FORMAT, "%s: \"%.80s\" is not %s", key, value, expected);
}

static enum err full(struct reading *r, const char *what, size_t max)
{
    return err_set(r->detail, ERR_LIMIT, "more than %zu %s; join some", max, what);
}

static enum err set_text(struct reading *r, const char *key, const char *value, char *out,
                         size_t size)
{
    size_t len = strlen(value);

    if (len == 0 || len >= size || !utf8_valid(value, len, false))
        return refuse(r, key, value, "a text of allowed length");
    memcpy(out, value, len + 1);
    return ERR_OK;
}

/* One of several words, as its place in the list. */
static enum err set_choice(struct reading *r, const char *key, const char *value,
                           const char *const *words, int count, int *ret_choice)
{
    char expected[128] = "one of";
    size_t len = strlen(expected);

    for (int i = 0; i < count; i++) {
        if (strcmp(value, words[i]) == 0) {
            *ret_choice = i;
            return ERR_OK;
        }
        len += (size_t)snprintf(expected + len, sizeof(expected) - len, " %s", words[i]);
    }
    return refuse(r, key, value, expected);
}

static enum err set_number(struct reading *r, const char *key, const char *value, uint32_t min,
                           uint32_t max, uint32_t *out)
{
    char *end, expected[48];
    unsigned long n = strtoul(value, &end, 10);

    snprintf(expected, sizeof(expected), "a number from %u to %u", min, max);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || n < min || n > max)
        return refuse(r, key, value, expected);
    *out = (uint32_t)n;
    return ERR_OK;
}

static enum err add_code(struct reading *r, struct cap_zone *zone, const char *value)
{
    struct cap_code_pair *pair = &zone->codes[zone->code_count];
    const char *cut = strrchr(value, ' ');
    char name[sizeof(pair->name)];
    enum err e;

    if (zone->code_count == CAP_PLACES_MAX)
        return full(r, "geocodes of one zone", CAP_PLACES_MAX);
    if (cut == NULL || cut == value)
        return refuse(r, "geocode", value, "a name, a space and a value");
    snprintf(name, sizeof(name), "%.*s", (int)(cut - value), value);
    if (strlen(name) != (size_t)(cut - value))
        return refuse(r, "geocode", value, "a name of allowed length, a space and a value");
    memcpy(pair->name, name, sizeof(name));
    e = set_text(r, "geocode", cut + 1, pair->value, sizeof(pair->value));
    zone->code_count += e == ERR_OK;
    return e;
}

static enum err add_points(struct reading *r, const char *key, const char *value,
                           struct cap_point *points, size_t *count)
{
    size_t more = 0;
    enum err e = cap_points_read(value, points + *count, CAP_PLACES_MAX - *count, &more);

    if (e == ERR_LIMIT)
        return full(r, "points of one zone", CAP_PLACES_MAX);
    if (e != ERR_OK)
        return refuse(r, key, value, "latitude,longitude in degrees, such as 16.4637,107.5909");
    *count += more;
    return ERR_OK;
}

static enum err read_zone(struct reading *r, struct cap_zone *zone, const char *key,
                          const char *value)
{
    if (strcmp(key, "position") == 0)
        return add_points(r, key, value, zone->positions, &zone->position_count);
    if (strcmp(key, "boundary") == 0)
        return add_points(r, key, value, zone->boundary_points, &zone->boundary_count);
    if (strcmp(key, "geocode") == 0)
        return add_code(r, zone, value);
    if (strcmp(key, "code") == 0 && zone == r->policy->zones)
        return set_text(r, key, value, zone->code, sizeof(zone->code));
    return ERR_NOT_FOUND;
}

static enum err read_alerts(struct reading *r, const char *key, const char *value)
{
    static const char *const grades[] = {"accept", "hold", "refuse"};
    static const char *const no_area[] = {"log", "inbox", "station"};
    struct cap_policy *p = r->policy;
    char stamp[64];
    usec_t at_us;
    bool assumed;
    int choice = 0;
    enum err e;

    if (strcmp(key, "cap11") == 0)
        return set_choice(r, key, value, grades, 3, &p->cap11_grade);
    if (strcmp(key, "cap11_offset") == 0) {
        snprintf(stamp, sizeof(stamp), "1970-01-02T00:00:00%.40s", value);
        if (value[0] == '\0' ||
            cap_time_read(stamp, CAP_VERSION_12, 0, &at_us, &assumed) != CAP_CODE_COUNT_)
            return refuse(r, key, value, "an offset such as +07:00");
        p->cap11_offset_min = (int)((USEC_PER_DAY - at_us) / USEC_PER_MIN);
        return ERR_OK;
    }
    if (strcmp(key, "default_valid_s") == 0)
        return set_number(r, key, value, 1, VALID_MAX_S, &p->default_valid_s);
    if (strcmp(key, "longest_valid_s") == 0)
        return set_number(r, key, value, 1, VALID_MAX_S, &p->longest_valid_s);
    if (strcmp(key, "clock_tolerance_s") == 0)
        return set_number(r, key, value, 0, VALID_MAX_S, &p->clock_tolerance_s);
    if (strcmp(key, "no_area") == 0) {
        e = set_choice(r, key, value, no_area, 3, &choice);
        if (e == ERR_OK)
            p->no_area = (enum cap_action)choice;
        return e;
    }
    if (strcmp(key, "superior") == 0) {
        if (p->superior_count == CAP_SENDERS_MAX)
            return full(r, "superior senders", CAP_SENDERS_MAX);
        return set_text(r, key, value, p->superiors[p->superior_count++], CAP_NAME_SIZE);
    }
    return ERR_NOT_FOUND;
}

static enum err read_resources(struct reading *r, const char *key, const char *value)
{
    struct cap_policy *p = r->policy;

    if (strcmp(key, "timeout_s") == 0)
        return set_number(r, key, value, 1, 600, &p->resource_timeout_s);
    if (strcmp(key, "max_bytes") == 0)
        return set_number(r, key, value, 1, 64U << 20, &p->resource_max_bytes);
    if (strcmp(key, "ca") == 0) {
        snprintf(p->resource_ca, sizeof(p->resource_ca), "%s%s%s", value[0] != '/' ? r->folder : "",
                 value[0] != '/' ? "/" : "", value);
        return ERR_OK;
    }
    if (strcmp(key, "host") != 0)
        return ERR_NOT_FOUND;
    if (p->host_count == CAP_SENDERS_MAX)
        return full(r, "hosts", CAP_SENDERS_MAX);
    return set_text(r, key, value, p->hosts[p->host_count++], CAP_NAME_SIZE);
}

static enum err read_mapping(struct reading *r, const char *key, const char *value)
{
    struct cap_policy *p = r->policy;

    if (strcmp(key, "rule") != 0)
        return ERR_NOT_FOUND;
    if (!r->rules_given)
        p->rule_count = 0;
    r->rules_given = true;
    if (p->rule_count == CAP_RULES_MAX)
        return full(r, "rules", CAP_RULES_MAX);
    return cap_map_read(value, &p->rules[p->rule_count++], r->detail);
}

static struct cap_zone *find_zone(struct cap_policy *p, const char *code)
{
    for (size_t i = 1; i < p->zone_count; i++) {
        if (strcmp(p->zones[i].code, code) == 0)
            return &p->zones[i];
    }
    return NULL;
}

static enum err read_bounds(struct reading *r, struct cap_bounds *b, const char *key,
                            const char *value)
{
    const struct cap_zone *zone;
    int level;

    if (strcmp(key, "level") == 0) {
        level = cap_words_find(&cap_words_level, value, strlen(value));
        if (level == 0)
            return refuse(r, key, value, "normal, priority or emergency");
        b->level = (enum priority)level;
        return ERR_OK;
    }
    if (strcmp(key, "zone") == 0) {
        zone = find_zone(r->policy, value);
        if (zone == NULL)
            return refuse(r, key, value, "a zone that stands above");
        cap_zones_add(&b->zones, (size_t)(zone - r->policy->zones));
        b->everywhere = false;
        return ERR_OK;
    }
    if (strcmp(key, "sender") == 0) {
        if (b->sender_count == CAP_SENDERS_MAX)
            return full(r, "senders", CAP_SENDERS_MAX);
        return set_text(r, key, value, b->senders[b->sender_count++], CAP_NAME_SIZE);
    }
    return ERR_NOT_FOUND;
}

static enum err load_certificate(struct reading *r, struct cap_signer *signer, const char *value)
{
    char path[4096];
    char *text = calloc(1, CERTIFICATE_BYTES_MAX + 1);
    FILE *in;
    size_t len;

    snprintf(path, sizeof(path), "%s%s%s", value[0] == '/' ? "" : r->folder,
             value[0] == '/' ? "" : "/", value);
    in = fopen(path, "re");
    if (in == NULL || text == NULL) {
        free(text);
        if (in != NULL)
            fclose(in);
        return err_set(r->detail, ERR_IO, "certificate: \"%.80s\" cannot be opened", value);
    }
    len = fread(text, 1, CERTIFICATE_BYTES_MAX + 1, in);
    fclose(in);
    free(signer->certificate);
    signer->certificate = text;
    if (len > CERTIFICATE_BYTES_MAX || strstr(text, "-----BEGIN CERTIFICATE-----") == NULL)
        return refuse(r, "certificate", value, "a file with one certificate in PEM");
    return ERR_OK;
}

static enum err read_signer(struct reading *r, struct cap_signer *signer, const char *key,
                            const char *value)
{
    static const char *const noyes[] = {"no", "yes"};
    int choice = 0;
    enum err e;

    if (strcmp(key, "certificate") == 0)
        return load_certificate(r, signer, value);
    if (strcmp(key, "sha1") == 0) {
        e = set_choice(r, key, value, noyes, 2, &choice);
        signer->sha1 = choice == 1;
        return e;
    }
    return read_bounds(r, &signer->bounds, key, value);
}

static enum err read_source(struct reading *r, struct cap_source *source, const char *key,
                            const char *value)
{
    static const char *const trusts[] = {"signed", "channel", "refused"};
    int choice = 0;
    enum err e;

    if (strcmp(key, "trust") == 0) {
        e = set_choice(r, key, value, trusts, 3, &choice);
        if (e == ERR_OK)
            source->trust = (enum cap_trust)choice;
        return e;
    }
    return read_bounds(r, &source->bounds, key, value);
}

/* The named zone, signer or source, made when it is new; NULL after saying why. */
static struct cap_zone *want_zone(struct reading *r, const char *name)
{
    struct cap_policy *p = r->policy;
    struct cap_zone *zone = find_zone(p, name);

    if (zone != NULL)
        return zone;
    if (p->zone_count == CAP_ZONES_MAX) {
        r->result = full(r, "zones", CAP_ZONES_MAX - 1);
        return NULL;
    }
    zone = &p->zones[p->zone_count++];
    r->result = set_text(r, "zone", name, zone->code, sizeof(zone->code));
    return r->result == ERR_OK ? zone : NULL;
}

static struct cap_signer *want_signer(struct reading *r, const char *name)
{
    struct cap_policy *p = r->policy;
    struct cap_signer *signer = p->signers;

    for (; signer < p->signers + p->signer_count; signer++) {
        if (strcmp(signer->name, name) == 0)
            return signer;
    }
    if (p->signer_count == CAP_PEERS_MAX) {
        r->result = full(r, "signers", CAP_PEERS_MAX);
        return NULL;
    }
    p->signer_count++;
    signer->bounds = (struct cap_bounds){.level = PRIORITY_EMERGENCY, .everywhere = true};
    r->result = set_text(r, "signer", name, signer->name, sizeof(signer->name));
    return r->result == ERR_OK ? signer : NULL;
}

static struct cap_source *want_source(struct reading *r, const char *name)
{
    struct cap_policy *p = r->policy;
    struct cap_source *source = p->sources;

    for (; source < p->sources + p->source_count; source++) {
        if (strcmp(source->name, name) == 0)
            return source;
    }
    if (p->source_count == CAP_PEERS_MAX) {
        r->result = full(r, "sources", CAP_PEERS_MAX);
        return NULL;
    }
    p->source_count++;
    source->bounds = (struct cap_bounds){.level = PRIORITY_EMERGENCY, .everywhere = true};
    r->result = set_text(r, "source", name, source->name, sizeof(source->name));
    return r->result == ERR_OK ? source : NULL;
}

static enum err read_key(struct reading *r, const char *section, const char *key, const char *value)
{
    struct cap_zone *zone;
    struct cap_signer *signer;
    struct cap_source *source;

    if (strcmp(section, "station") == 0)
        return read_zone(r, r->policy->zones, key, value);
    if (strcmp(section, "alerts") == 0)
        return read_alerts(r, key, value);
    if (strcmp(section, "resources") == 0)
        return read_resources(r, key, value);
    if (strcmp(section, "mapping") == 0)
        return read_mapping(r, key, value);
    if (strncmp(section, "zone ", 5) == 0) {
        zone = want_zone(r, section + 5);
        return zone == NULL ? r->result : read_zone(r, zone, key, value);
    }
    if (strncmp(section, "signer ", 7) == 0) {
        signer = want_signer(r, section + 7);
        return signer == NULL ? r->result : read_signer(r, signer, key, value);
    }
    if (strncmp(section, "source ", 7) == 0) {
        source = want_source(r, section + 7);
        return source == NULL ? r->result : read_source(r, source, key, value);
    }
    return ERR_NOT_FOUND;
}

static int on_key(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;

    if (r->result != ERR_OK)
        return 1;
    r->result = read_key(r, section, key, value);
    if (r->result == ERR_NOT_FOUND)
        r->result = err_set(r->detail, ERR_FORMAT, "there is no key \"%.40s\" in section [%.40s]",
                            key, section);
    return 1;
}

static enum err check_lines(const char *text, struct err_detail *detail)
{
    int line = 1;

    if (strlen(text) > CAP_POLICY_BYTES_MAX || !utf8_valid(text, strlen(text), true))
        return err_set(detail, ERR_FORMAT, "the policy is no UTF-8 text of at most %u bytes",
                       CAP_POLICY_BYTES_MAX);
    for (const char *at = text; *at != '\0'; line++) {
        size_t len = strcspn(at, "\n");

        if (len > LINE_MAX_BYTES)
            return err_set(detail, ERR_LIMIT,
                           "line %d is longer than %d bytes; write it in several, the next ones "
                           "indented",
                           line, LINE_MAX_BYTES);
        at += len + (at[len] == '\n');
    }
    return ERR_OK;
}

/* What can be judged only when everything was read. */
static enum err finish(struct reading *r)
{
    struct cap_policy *p = r->policy;

    for (size_t i = 0; i < p->zone_count; i++) {
        struct cap_zone *zone = &p->zones[i];

        if (zone->boundary_count == 1 || zone->boundary_count == 2)
            return err_set(r->detail, ERR_FORMAT, "the boundary of \"%s\" needs three points",
                           zone->code);
        if (zone->boundary_count >= 3)
            cap_ring_make(&zone->boundary, zone->boundary_points, zone->boundary_count);
    }
    for (size_t i = 0; i < p->signer_count; i++) {
        if (p->signers[i].certificate == NULL)
            return err_set(r->detail, ERR_FORMAT, "signer \"%s\" has no certificate",
                           p->signers[i].name);
    }
    return ERR_OK;
}

enum err cap_policy_read(const char *text, const char *folder, struct cap_policy **ret_policy,
                         struct err_detail *detail)
{
    struct reading r = {.folder = folder, .detail = detail};
    enum err e = check_lines(text, detail);
    int line;

    if (e != ERR_OK)
        return e;
    r.policy = calloc(1, sizeof(*r.policy));
    if (r.policy == NULL)
        return ERR_NOMEM;
    *r.policy = (struct cap_policy){
        .zones = calloc(CAP_ZONES_MAX, sizeof(struct cap_zone)),
        .zone_count = 1,
        .cap11_grade = CAP_HOLD,
        .default_valid_s = 3600,
        .longest_valid_s = 3 * 86400,
        .clock_tolerance_s = 300,
        .no_area = CAP_ACTION_INBOX,
        .resource_max_bytes = 2U << 20,
        .resource_timeout_s = 5,
    };
    if (r.policy->zones == NULL) {
        e = ERR_NOMEM;
        goto out;
    }
    memcpy(r.policy->zones[0].code, "station", sizeof("station"));
    r.policy->rule_count = cap_map_default(r.policy->rules);
    line = ini_parse_string(text, on_key, &r);
    e = r.result;
    if (e == ERR_OK && line > 0)
        e = err_set(detail, ERR_FORMAT, "line %d is neither a section, a key nor a comment", line);
    if (e == ERR_OK)
        e = finish(&r);
out:
    if (e == ERR_OK)
        *ret_policy = r.policy;
    else
        cap_policy_free(r.policy);
    return e;
}

void cap_policy_free(struct cap_policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; i < policy->signer_count; i++)
        free(policy->signers[i].certificate);
    free(policy->zones);
    free(policy);
}

const struct cap_source *cap_policy_source(const struct cap_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->source_count; i++) {
        if (strcmp(policy->sources[i].name, name) == 0)
            return &policy->sources[i];
    }
    return NULL;
}
