#include "cap_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_xml.h"
#include "digest.h"

static bool is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *child(const xmlNode *parent, const char *name)
{
    for (const xmlNode *n = parent->children; n != NULL; n = n->next) {
        if (is_named(n, name))
            return n;
    }
    return NULL;
}

static void trim(const char *text, char *out, size_t size)
{
    size_t len;

    text += strspn(text, " \t\r\n");
    len = strcspn(text, " \t\r\n");
    snprintf(out, size, "%.*s", len < size ? (int)len : 0, text); /* a cut address is none */
}

/* How good a link is: 0 none, 1 any, 2 said to be a message. */
static int read_link(const xmlNode *node, char *ret_link)
{
    xmlChar *href = xmlGetNoNsProp(node, (const xmlChar *)"href");
    xmlChar *rel = xmlGetNoNsProp(node, (const xmlChar *)"rel");
    xmlChar *type = xmlGetNoNsProp(node, (const xmlChar *)"type");
    xmlChar *text = href == NULL ? xmlNodeGetContent(node) : NULL; /* RSS */
    bool is_self = rel != NULL && strcmp((const char *)rel, "self") == 0;
    int rank = 0;

    if (!is_self && (href != NULL || text != NULL))
        trim((const char *)(href != NULL ? href : text), ret_link, CAP_FEED_LINK_SIZE);
    if (!is_self && ret_link[0] != '\0')
        rank = type != NULL && strncmp((const char *)type, "application/cap+xml", 19) == 0 ? 2 : 1;
    xmlFree(href);
    xmlFree(rel);
    xmlFree(type);
    xmlFree(text);
    return rank;
}

static void add_text(struct digest *d, const xmlNode *node)
{
    xmlChar *text = node != NULL ? xmlNodeGetContent(node) : NULL;

    if (text != NULL)
        digest_update(d, bytes_of(text, strlen((const char *)text) + 1));
    xmlFree(text);
}

static bool read_entry(const xmlNode *entry, struct cap_feed_entry *ret_entry)
{
    static const char *const names[] = {"id", "guid", "updated", "pubDate"};
    struct cap_feed_entry e = {.link = ""};
    struct digest d;
    int best = 0;

    for (const xmlNode *n = entry->children; n != NULL; n = n->next) {
        char link[CAP_FEED_LINK_SIZE] = "";
        int rank = is_named(n, "link") ? read_link(n, link) : 0;

        if (rank > best) {
            best = rank;
            memcpy(e.link, link, sizeof(link));
        }
    }
    if (best == 0)
        return false;
    digest_init(&d);
    digest_update(&d, bytes_of(e.link, strlen(e.link) + 1));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        add_text(&d, child(entry, names[i]));
    digest_finish(&d, e.key);
    *ret_entry = e;
    return true;
}

enum err cap_feed_read(struct bytes data, struct cap_feed_entry *ret_entries, size_t *ret_count)
{
    struct cap_findings *findings = calloc(1, sizeof(*findings));
    const xmlNode *root, *parent = NULL;
    xmlDoc *doc = NULL;
    size_t count = 0;
    enum err e = findings != NULL ? cap_xml_read(data, findings, &doc) : ERR_NOMEM;

    free(findings);
    if (e != ERR_OK)
        return e;
    root = xmlDocGetRootElement(doc);
    if (is_named(root, "feed"))
        parent = root;
    else if (is_named(root, "rss"))
        parent = child(root, "channel");
    for (const xmlNode *n = parent != NULL ? parent->children : NULL;
         n != NULL && count < CAP_FEED_ENTRIES_MAX; n = n->next) {
        if ((is_named(n, "entry") || is_named(n, "item")) && read_entry(n, &ret_entries[count]))
            count++;
    }
    xmlFreeDoc(doc);
    if (parent == NULL)
        return ERR_FORMAT;
    *ret_count = count;
    return ERR_OK;
}
