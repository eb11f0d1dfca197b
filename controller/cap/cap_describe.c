#include "cap_describe.h"

#include <stdio.h>
#include <stdlib.h>

#include "cap_geo.h"
#include "cap_intake.h"
#include "cap_words.h"

#define MAP_RING_POINTS 500 /* of a polygon on a map; longer ones are thinned out */
#define MAP_SHAPES 64 /* polygons, circles and codes of one area */

static json_t *zone_list(const struct cap_policy *policy, const struct cap_zones *zones)
{
    json_t *list = json_array();

    for (size_t i = 0; i < policy->zone_count; i++) {
        if (cap_zones_has(zones, i))
            json_array_append_new(list, json_string(policy->zones[i].code));
    }
    return list;
}

static json_t *finding_list(const struct cap_findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct cap_finding *f = &findings->items[i];

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s}", "code", cap_code_name(f->code), "grade",
                            cap_grade_name(f->grade), "where", f->where, "text", f->sentence));
    }
    return list;
}

static json_t *point(struct cap_point p)
{
    return json_pack("[f, f]", p.lon, p.lat); /* in the order of GeoJSON */
}

/* For a map; what decides is cap_area.c, on all points. NULL: not to be drawn. */
static json_t *ring(const char *text)
{
    size_t room = cap_points_bound(text), count = 0;
    struct cap_point *points = room <= CAP_POINTS_MAX ? calloc(room + 1, sizeof(*points)) : NULL;
    json_t *out = NULL;

    if (points != NULL && cap_points_read(text, points, room, &count) == ERR_OK && count > 0) {
        size_t step = (count + MAP_RING_POINTS - 2) / (MAP_RING_POINTS - 1);

        out = json_array();
        for (size_t i = 0; i < count - 1; i += step)
            json_array_append_new(out, point(points[i]));
        json_array_append_new(out, point(points[count - 1]));
    }
    free(points);
    return out;
}

static json_t *area(const struct cap_area *a)
{
    const char **polygon_texts = a->polygons.items;
    const char **circle_texts = a->circles.items;
    const struct cap_pair *codes = a->geocodes.items;
    json_t *polygons = json_array(), *circles = json_array(), *geocodes = json_array();

    for (size_t i = 0; i < a->polygons.count && i < MAP_SHAPES; i++) {
        json_t *drawn = ring(polygon_texts[i]);

        if (drawn != NULL)
            json_array_append_new(polygons, drawn);
    }
    for (size_t i = 0; i < a->circles.count && i < MAP_SHAPES; i++) {
        struct cap_circle circle;

        if (cap_circle_read(circle_texts[i], &circle) == ERR_OK)
            json_array_append_new(circles, json_pack("{s:o, s:f}", "centre", point(circle.centre),
                                                     "radius_km", circle.radius_km));
    }
    for (size_t i = 0; i < a->geocodes.count && i < MAP_SHAPES; i++)
        json_array_append_new(
            geocodes, json_pack("{s:s?, s:s?}", "name", codes[i].name, "value", codes[i].value));
    return json_pack("{s:s?, s:o, s:o, s:o}", "desc", a->desc, "polygons", polygons, "circles",
                     circles, "geocodes", geocodes);
}

static json_t *area_list(const struct cap_info *info)
{
    const struct cap_area *areas = info->areas.items;
    json_t *list = json_array();

    for (size_t i = 0; i < info->areas.count && i < MAP_SHAPES; i++)
        json_array_append_new(list, area(&areas[i]));
    return list;
}

static json_t *info_json(const struct cap_info *info, const struct cap_info_verdict *verdict,
                         const struct cap_policy *policy)
{
    json_t *out = json_pack(
        "{s:s, s:s?, s:s?, s:s, s:s, s:o, s:I, s:I}", "language",
        info->language != NULL ? info->language : "en-US", "event", info->event, "headline",
        info->headline, "level", cap_words_level.words[verdict->level], "action",
        cap_words_action.words[verdict->action], "zones", zone_list(policy, &verdict->zones),
        "effective_us", (json_int_t)info->effective_us, "expires_us", (json_int_t)info->expires_us);

    if (out != NULL)
        json_object_update_new(out, json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o}",
                                              "urgency", info->urgency_text, "severity",
                                              info->severity_text, "certainty",
                                              info->certainty_text, "senderName", info->sender_name,
                                              "description", info->description, "instruction",
                                              info->instruction, "areas", area_list(info)));
    return out;
}

static json_t *info_list(const struct cap_verdict *v, const struct cap_policy *policy)
{
    const struct cap_info *infos = v->alert->infos.items;
    json_t *list = json_array();

    for (size_t i = 0; i < v->alert->infos.count; i++)
        json_array_append_new(list, info_json(&infos[i], &v->infos[i], policy));
    return list;
}

static const char *signature_state(const struct cap_verdict *v)
{
    bool stranger = false;

    if (v->signers.count > 0)
        return "good";
    if (v->alert->signatures == 0)
        return "none";
    for (size_t i = 0; i < v->findings.count; i++) {
        enum cap_code code = v->findings.items[i].code;

        if (code == CAP_SIGNATURE_FORM || code == CAP_SIGNATURE_REFERENCE ||
            code == CAP_SIGNATURE_ALGORITHM || code == CAP_SIGNATURE_INVALID ||
            code == CAP_SIGNER_EXPIRED)
            return "bad";
        stranger = stranger || code == CAP_SIGNATURE_STRANGER;
    }
    return stranger ? "stranger" : "unchecked";
}

static json_t *reference_list(const struct cap_alert *alert)
{
    const struct cap_reference *refs = alert->references.items;
    json_t *list = json_array();

    for (size_t i = 0; i < alert->references.count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "sender", refs[i].sender,
                                              "identifier", refs[i].identifier, "sent_us",
                                              (json_int_t)refs[i].sent_us));
    return list;
}

static void describe_alert(json_t *into, const struct cap_verdict *v,
                           const struct cap_policy *policy)
{
    const struct cap_alert *a = v->alert;
    json_t *signers = json_array();

    for (size_t i = 0; i < v->signers.count; i++)
        json_array_append_new(signers, json_string(v->signers.signers[i]->name));
    json_object_update_new(
        into, json_pack("{s:s, s:s?, s:s?, s:s?, s:I, s:s?, s:s?, s:s?, s:s?, s:o, s:s, s:o, s:o}",
                        "version", a->version == CAP_VERSION_12 ? "1.2" : "1.1", "identifier",
                        a->identifier, "sender", a->sender, "sent", a->sent, "sent_us",
                        (json_int_t)a->sent_us, "status", a->status_text, "msgType", a->type_text,
                        "scope", a->scope_text, "note", a->note, "references", reference_list(a),
                        "signature", signature_state(v), "signers", signers, "infos",
                        info_list(v, policy)));
}

json_t *cap_describe(const struct cap_verdict *v, const struct cap_policy *policy)
{
    json_t *answer = json_pack(
        "{s:s, s:s, s:s, s:b, s:o, s:I, s:o, s:I}", "verdict", cap_result_name(v->result), "level",
        cap_words_level.words[v->level], "action", cap_words_action.words[v->action], "releasable",
        cap_intake_releasable(v), "zones", zone_list(policy, &v->zones), "expires_us",
        (json_int_t)v->expires_us, "findings", finding_list(&v->findings), "findings_omitted",
        (json_int_t)v->findings.more);

    if (v->alert != NULL)
        describe_alert(answer, v, policy);
    return answer;
}

char *cap_describe_text(const struct cap_verdict *v, const struct cap_policy *policy)
{
    json_t *json = cap_describe(v, policy);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    return text;
}

void cap_describe_short(const struct cap_verdict *v, const char *source, char *ret_text,
                        size_t size)
{
    json_t *codes = json_array();
    json_t *json;
    size_t len;

    for (size_t i = 0; i < v->findings.count; i++)
        json_array_append_new(codes, json_string(cap_code_name(v->findings.items[i].code)));
    json = json_pack("{s:s, s:s?, s:s, s:o}", "source", source, "identifier",
                     v->alert != NULL ? v->alert->identifier : NULL, "verdict",
                     cap_result_name(v->result), "codes", codes);
    len = json != NULL ? json_dumpb(json, ret_text, size - 1, JSON_COMPACT) : 0;
    json_decref(json);
    if (len == 0 || len >= size)
        len = (size_t)snprintf(ret_text, size, "{}");
    ret_text[len] = '\0';
}
