#include "cap_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_xml.h"

#define MANY UINT32_MAX
#define XSI "http://www.w3.org/2001/XMLSchema-instance"

struct parsing {
    struct cap_alert *alert;
    struct cap_findings *findings;
    const char *ns;
    char where[CAP_WHERE_SIZE];
};

/* One child element: how often, and where it goes in its parent's struct. */
struct element {
    const char *name;
    uint32_t min, max;
    size_t offset;
    void (*take)(struct parsing *p, void *place, xmlNode *node);
};

static void read_children(struct parsing *p, xmlNode *parent, const struct element *table,
                          size_t count, void *into);

static void add(struct parsing *p, enum cap_code code, const char *name, const char *sentence)
{
    char where[2 * CAP_WHERE_SIZE];

    snprintf(where, sizeof(where), "%s%s%.*s", p->where, p->where[0] != '\0' ? "/" : "",
             cap_cut(name, 24), name);
    cap_findings_add(p->findings, code, where, "%s", sentence);
}

static bool is_blank(const char *text, size_t len)
{
    return strspn(text, " \t\r\n") >= len;
}

/* All character data of an element in one piece, whatever comments stand in between; NULL when blank. */
static const char *text_of(struct parsing *p, const xmlNode *node)
{
    size_t len = 0;
    char *text;

    for (const xmlNode *n = node->children; n != NULL; n = n->next) {
        if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
            len += strlen((const char *)n->content);
        else if (n->type == XML_ELEMENT_NODE) {
            add(p, CAP_ELEMENT_CONTENT, (const char *)node->name,
                "holds elements; only text may stand here");
            return NULL;
        }
    }
    text = cap_arena_take(&p->alert->arena, len + 1);
    if (text == NULL)
        return NULL;
    len = 0;
    for (const xmlNode *n = node->children; n != NULL; n = n->next) {
        if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) {
            size_t part = strlen((const char *)n->content);

            memcpy(text + len, n->content, part);
            len += part;
        }
    }
    return is_blank(text, len) ? NULL : text;
}

static void take_text(struct parsing *p, void *place, xmlNode *node)
{
    const char **text = place;

    *text = text_of(p, node);
    if (*text == NULL)
        add(p, CAP_ELEMENT_EMPTY, (const char *)node->name, "is empty and counts as absent");
}

static void *push(struct parsing *p, struct cap_list *list, size_t size)
{
    return cap_arena_push(&p->alert->arena, &list->items, &list->count, size);
}

static void take_texts(struct parsing *p, void *place, xmlNode *node)
{
    const char *text = NULL;
    const char **slot;

    take_text(p, &text, node);
    if (text != NULL && (slot = push(p, place, sizeof(*slot))) != NULL)
        *slot = text;
}

static const struct element pair_table[] = {
    {"valueName", 1, 1, offsetof(struct cap_pair, name), take_text},
    {"value", 1, 1, offsetof(struct cap_pair, value), take_text},
};

static const struct element resource_table[] = {
    {"resourceDesc", 1, 1, offsetof(struct cap_resource, desc), take_text},
    {"mimeType", 1, 1, offsetof(struct cap_resource, mime_type), take_text},
    {"size", 0, 1, offsetof(struct cap_resource, size), take_text},
    {"uri", 0, 1, offsetof(struct cap_resource, uri), take_text},
    {"derefUri", 0, 1, offsetof(struct cap_resource, deref_uri), take_text},
    {"digest", 0, 1, offsetof(struct cap_resource, digest), take_text},
};

static void take_pair(struct parsing *p, void *place, xmlNode *node);
static void take_area(struct parsing *p, void *place, xmlNode *node);
static void take_resource(struct parsing *p, void *place, xmlNode *node);
static void take_info(struct parsing *p, void *place, xmlNode *node);

static const struct element area_table[] = {
    {"areaDesc", 1, 1, offsetof(struct cap_area, desc), take_text},
    {"polygon", 0, MANY, offsetof(struct cap_area, polygons), take_texts},
    {"circle", 0, MANY, offsetof(struct cap_area, circles), take_texts},
    {"geocode", 0, MANY, offsetof(struct cap_area, geocodes), take_pair},
    {"altitude", 0, 1, offsetof(struct cap_area, altitude), take_text},
    {"ceiling", 0, 1, offsetof(struct cap_area, ceiling), take_text},
};

static const struct element info_table[] = {
    {"language", 0, 1, offsetof(struct cap_info, language), take_text},
    {"category", 1, MANY, offsetof(struct cap_info, categories), take_texts},
    {"event", 1, 1, offsetof(struct cap_info, event), take_text},
    {"responseType", 0, MANY, offsetof(struct cap_info, response_types), take_texts},
    {"urgency", 1, 1, offsetof(struct cap_info, urgency_text), take_text},
    {"severity", 1, 1, offsetof(struct cap_info, severity_text), take_text},
    {"certainty", 1, 1, offsetof(struct cap_info, certainty_text), take_text},
    {"audience", 0, 1, offsetof(struct cap_info, audience), take_text},
    {"eventCode", 0, MANY, offsetof(struct cap_info, event_codes), take_pair},
    {"effective", 0, 1, offsetof(struct cap_info, effective), take_text},
    {"onset", 0, 1, offsetof(struct cap_info, onset), take_text},
    {"expires", 0, 1, offsetof(struct cap_info, expires), take_text},
    {"senderName", 0, 1, offsetof(struct cap_info, sender_name), take_text},
    {"headline", 0, 1, offsetof(struct cap_info, headline), take_text},
    {"description", 0, 1, offsetof(struct cap_info, description), take_text},
    {"instruction", 0, 1, offsetof(struct cap_info, instruction), take_text},
    {"web", 0, 1, offsetof(struct cap_info, web), take_text},
    {"contact", 0, 1, offsetof(struct cap_info, contact), take_text},
    {"parameter", 0, MANY, offsetof(struct cap_info, parameters), take_pair},
    {"resource", 0, MANY, offsetof(struct cap_info, resources), take_resource},
    {"area", 0, MANY, offsetof(struct cap_info, areas), take_area},
};

static const struct element alert_table[] = {
    {"identifier", 1, 1, offsetof(struct cap_alert, identifier), take_text},
    {"sender", 1, 1, offsetof(struct cap_alert, sender), take_text},
    {"sent", 1, 1, offsetof(struct cap_alert, sent), take_text},
    {"status", 1, 1, offsetof(struct cap_alert, status_text), take_text},
    {"msgType", 1, 1, offsetof(struct cap_alert, type_text), take_text},
    {"source", 0, 1, offsetof(struct cap_alert, source), take_text},
    {"scope", 1, 1, offsetof(struct cap_alert, scope_text), take_text},
    {"restriction", 0, 1, offsetof(struct cap_alert, restriction), take_text},
    {"addresses", 0, 1, offsetof(struct cap_alert, addresses), take_text},
    {"code", 0, MANY, offsetof(struct cap_alert, codes), take_texts},
    {"note", 0, 1, offsetof(struct cap_alert, note), take_text},
    {"references", 0, 1, offsetof(struct cap_alert, references_text), take_text},
    {"incidents", 0, 1, offsetof(struct cap_alert, incidents), take_text},
    {"info", 0, CAP_INFOS_MAX, offsetof(struct cap_alert, infos), take_info},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Read what stands in a nested element, with its number in the place that findings name. */
static void descend(struct parsing *p, xmlNode *node, size_t number, const struct element *table,
                    size_t count, void *into)
{
    size_t len = strlen(p->where);

    snprintf(p->where + len, sizeof(p->where) - len, "%s%.20s[%zu]", len > 0 ? "/" : "",
             (const char *)node->name, number);
    read_children(p, node, table, count, into);
    p->where[len] = '\0';
}

static void take_pair(struct parsing *p, void *place, xmlNode *node)
{
    struct cap_list *list = place;
    struct cap_pair *pair = push(p, list, sizeof(*pair));

    if (pair != NULL)
        descend(p, node, list->count, pair_table, COUNT(pair_table), pair);
}

static void take_area(struct parsing *p, void *place, xmlNode *node)
{
    struct cap_area *area = push(p, place, sizeof(*area));

    if (area != NULL)
        descend(p, node, ((struct cap_list *)place)->count, area_table, COUNT(area_table), area);
}

static void take_resource(struct parsing *p, void *place, xmlNode *node)
{
    struct cap_resource *resource = push(p, place, sizeof(*resource));

    if (resource != NULL)
        descend(p, node, ((struct cap_list *)place)->count, resource_table, COUNT(resource_table),
                resource);
}

static void take_info(struct parsing *p, void *place, xmlNode *node)
{
    struct cap_info *info = push(p, place, sizeof(*info));

    if (info != NULL)
        descend(p, node, ((struct cap_list *)place)->count, info_table, COUNT(info_table), info);
}

static bool has_ns(const xmlNode *node, const char *ns)
{
    return node->ns != NULL && node->ns->href != NULL &&
           strcmp((const char *)node->ns->href, ns) == 0;
}

/* Attributes belong to no CAP element; those of XML Schema instances only describe. */
static void check_attributes(struct parsing *p, const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (a->ns == NULL || strcmp((const char *)a->ns->href, XSI) != 0)
            add(p, CAP_ATTRIBUTE_UNKNOWN, (const char *)node->name,
                "has an attribute; CAP elements have none");
    }
}

/* Signatures come last in an alert (CAP 1.2 section 3.3.2.1) and are no part of its meaning. */
static bool take_signature(struct parsing *p, const xmlNode *node, const struct element *table)
{
    if (table != alert_table || !has_ns(node, CAP_NS_DSIG) ||
        strcmp((const char *)node->name, "Signature") != 0)
        return false;
    if (++p->alert->signatures > CAP_SIGNATURES_MAX)
        add(p, CAP_ELEMENT_LIMIT, "Signature", "too many signatures");
    return true;
}

static bool check_text(struct parsing *p, const xmlNode *node)
{
    bool text = node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;

    if (text && !is_blank((const char *)node->content, strlen((const char *)node->content)))
        add(p, CAP_ELEMENT_CONTENT, "", "text stands between elements");
    return node->type == XML_ELEMENT_NODE;
}

static bool is_empty(const struct element *e, const void *into)
{
    const char *text = "";

    if (e->take == take_text)
        memcpy(&text, (const char *)into + e->offset, sizeof(text));
    return text == NULL;
}

static void read_children(struct parsing *p, xmlNode *parent, const struct element *table,
                          size_t count, void *into)
{
    uint32_t seen[COUNT(info_table)] = {0};
    size_t at = 0;

    check_attributes(p, parent);
    for (xmlNode *node = parent->children; node != NULL && !p->alert->arena.failed;
         node = node->next) {
        const char *name = (const char *)node->name;
        size_t i = 0;

        if (!check_text(p, node))
            continue;
        if (take_signature(p, node, table)) {
            at = count;
            continue;
        }
        while (i < count && strcmp(table[i].name, name) != 0)
            i++;
        if (i == count || !has_ns(node, p->ns)) {
            add(p, CAP_ELEMENT_UNKNOWN, name, "does not belong here, or not to this namespace");
            continue;
        }
        if (i < at)
            add(p, CAP_ELEMENT_ORDER, name, "stands after an element that it must precede");
        else
            at = i;
        if (++seen[i] > table[i].max) {
            add(p, table[i].max == 1 ? CAP_ELEMENT_REPEATED : CAP_ELEMENT_LIMIT, name,
                "occurs too often");
            continue;
        }
        if (table[i].take == take_text || table[i].take == take_texts)
            check_attributes(p, node);
        table[i].take(p, (char *)into + table[i].offset, node);
        if (table[i].min > 0 && is_empty(&table[i], into) && table != pair_table)
            add(p, CAP_ELEMENT_MISSING, name, "is required and empty");
    }
    for (size_t i = 0; i < count; i++) {
        /* CAP 1.1 lets a resource do without its type. */
        if (seen[i] < table[i].min &&
            !(p->alert->version == CAP_VERSION_11 && strcmp(table[i].name, "mimeType") == 0))
            add(p, CAP_ELEMENT_MISSING, table[i].name, "is required and missing");
    }
}

static enum err find_root(struct parsing *p, xmlNode *root)
{
    if (root == NULL || strcmp((const char *)root->name, "alert") != 0) {
        cap_findings_add(p->findings, CAP_XML_ROOT, NULL, "the root element is not <alert>");
        return ERR_FORMAT;
    }
    if (has_ns(root, CAP_NS_12))
        p->alert->version = CAP_VERSION_12;
    else if (has_ns(root, CAP_NS_11))
        p->alert->version = CAP_VERSION_11;
    if (p->alert->version == CAP_VERSION_NONE) {
        cap_findings_add(p->findings, CAP_XML_NAMESPACE, NULL,
                         "the namespace is not %s; older versions are not understood", CAP_NS_12);
        return ERR_FORMAT;
    }
    p->ns = p->alert->version == CAP_VERSION_12 ? CAP_NS_12 : CAP_NS_11;
    return ERR_OK;
}

enum err cap_parse(struct bytes data, struct cap_findings *findings, struct cap_alert **ret_alert)
{
    struct parsing p = {.findings = findings};
    enum err e;

    p.alert = calloc(1, sizeof(*p.alert));
    if (p.alert == NULL)
        return ERR_NOMEM;
    p.alert->bytes = data.len;
    e = cap_xml_read(data, findings, &p.alert->doc);
    if (e != ERR_OK)
        goto out;
    e = find_root(&p, xmlDocGetRootElement(p.alert->doc));
    if (e != ERR_OK)
        goto out;
    read_children(&p, xmlDocGetRootElement(p.alert->doc), alert_table, COUNT(alert_table), p.alert);
    if (p.alert->arena.failed)
        e = ERR_NOMEM;
out:
    if (e == ERR_OK)
        *ret_alert = p.alert;
    else
        cap_parse_free(p.alert);
    return e;
}

void cap_parse_free(struct cap_alert *alert)
{
    if (alert == NULL)
        return;
    xmlFreeDoc(alert->doc);
    cap_arena_deinit(&alert->arena);
    free(alert);
}
