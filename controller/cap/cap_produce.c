#include "cap_produce.h"

#include <libxml/tree.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_parse.h"
#include "cap_time.h"
#include "cap_words.h"
#include "cap_xmlsec.h"
#include "utf8.h"

#define ATOM "http://www.w3.org/2005/Atom"
#define RING_POINT_SIZE 40 /* "-12.345678,-123.456789 " with room to spare */
#define XML(text) ((const xmlChar *)(text))

/* A document being written; the first error sticks. */
struct producing {
    xmlDoc *doc;
    xmlNode *root;
    enum err err;
};

static xmlNode *add(struct producing *p, xmlNode *parent, const char *name, const char *text)
{
    xmlNode *node;

    if (text != NULL && !utf8_valid(text, strlen(text), true))
        p->err = p->err == ERR_OK ? ERR_ARG : p->err;
    if (p->err != ERR_OK)
        return NULL;
    /* Escapes what must be; in the parent's namespace. */
    node = xmlNewTextChild(parent, NULL, XML(name), text != NULL ? XML(text) : NULL);
    if (node == NULL)
        p->err = ERR_NOMEM;
    return node;
}

/* Nothing at all when there is no text: an empty element means the same, but tells less. */
static void add_some(struct producing *p, xmlNode *parent, const char *name, const char *text)
{
    if (text != NULL)
        (void)add(p, parent, name, text);
}

static void add_time(struct producing *p, xmlNode *parent, const char *name, usec_t at_us,
                     int offset_min)
{
    char text[CAP_TIME_SIZE];

    cap_time_write(at_us, offset_min, text);
    (void)add(p, parent, name, text);
}

static void begin(struct producing *p, const char *root, const char *ns)
{
    *p = (struct producing){.doc = xmlNewDoc(XML("1.0")), .err = ERR_OK};
    p->root = p->doc != NULL ? xmlNewNode(NULL, XML(root)) : NULL;
    if (p->root == NULL) {
        p->err = ERR_NOMEM;
        return;
    }
    (void)xmlDocSetRootElement(p->doc, p->root);
    xmlSetNs(p->root, xmlNewNs(p->root, XML(ns), NULL));
}

static enum err finish(struct producing *p, char **ret_text)
{
    xmlChar *out = NULL;
    int len = 0;

    if (p->err == ERR_OK) {
        xmlDocDumpMemoryEnc(p->doc, &out, &len, "UTF-8");
        *ret_text = out != NULL ? strdup((const char *)out) : NULL;
        p->err = *ret_text != NULL ? ERR_OK : ERR_NOMEM;
    }
    xmlFree(out);
    xmlFreeDoc(p->doc);
    return p->err;
}

static void add_references(struct producing *p, const struct cap_notice *n)
{
    size_t size = n->reference_count * (2 * CAP_NAME_SIZE + CAP_TIME_SIZE + 4) + 1;
    char *text = calloc(1, size);
    size_t len = 0;

    if (text == NULL) {
        p->err = ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < n->reference_count; i++) {
        char sent[CAP_TIME_SIZE];

        if (n->references[i].sent != NULL)
            snprintf(sent, sizeof(sent), "%s", n->references[i].sent);
        else
            cap_time_write(n->references[i].sent_us, n->offset_min, sent);
        len += (size_t)snprintf(text + len, size - len, "%s%s,%s,%s", i > 0 ? " " : "",
                                n->references[i].sender, n->references[i].identifier, sent);
    }
    (void)add(p, p->root, "references", text);
    free(text);
}

/* Longitudes of a ring may run beyond the antimeridian; those of a message do not. */
static void add_ring(struct producing *p, xmlNode *area, const struct cap_ring *ring)
{
    size_t size = ring->count * RING_POINT_SIZE + 1;
    char *text = calloc(1, size);
    size_t len = 0;

    if (text == NULL)
        p->err = ERR_NOMEM;
    for (size_t i = 0; text != NULL && i < ring->count; i++) {
        double lon = remainder(ring->points[i].lon, 360);

        len += (size_t)snprintf(text + len, size - len, "%s%.6f,%.6f", i > 0 ? " " : "",
                                ring->points[i].lat, lon);
    }
    add_some(p, area, "polygon", text);
    free(text);
}

static void add_area(struct producing *p, xmlNode *info, const struct cap_notice *n)
{
    xmlNode *area = add(p, info, "area", NULL);

    add_some(p, area, "areaDesc", n->area_desc);
    for (size_t i = 0; i < n->ring_count; i++)
        add_ring(p, area, n->rings[i]);
    for (size_t i = 0; i < n->code_count; i++) {
        xmlNode *code = add(p, area, "geocode", NULL);

        add_some(p, code, "valueName", n->codes[i].name);
        add_some(p, code, "value", n->codes[i].value);
    }
}

static void add_info(struct producing *p, const struct cap_notice *n)
{
    xmlNode *info = add(p, p->root, "info", NULL);

    add_some(p, info, "language", n->language);
    add_some(p, info, "category", n->category);
    add_some(p, info, "event", n->event);
    add_some(p, info, "responseType", n->response);
    add_some(p, info, "urgency", cap_words_urgency.words[n->urgency]);
    add_some(p, info, "severity", cap_words_severity.words[n->severity]);
    add_some(p, info, "certainty", cap_words_certainty.words[n->certainty]);
    add_time(p, info, "expires", n->expires_us, n->offset_min);
    add_some(p, info, "senderName", n->sender_name);
    add_some(p, info, "headline", n->headline);
    add_some(p, info, "description", n->description);
    add_some(p, info, "instruction", n->instruction);
    add_area(p, info, n);
}

/* An empty element with its algorithm. */
static void add_algorithm(struct producing *p, xmlNode *parent, const char *name,
                          const char *algorithm)
{
    xmlNode *node = add(p, parent, name, NULL);

    if (node != NULL && xmlNewProp(node, XML("Algorithm"), XML(algorithm)) == NULL)
        p->err = ERR_NOMEM;
}

/* Exclusive canonicalisation, so that the message may travel inside another document. */
static void sign(struct producing *p, const char *key_pem)
{
    xmlNode *signature = add(p, p->root, "Signature", NULL);
    xmlNode *info, *reference, *transforms;

    if (signature == NULL)
        return;
    xmlSetNs(signature, xmlNewNs(signature, XML(CAP_NS_DSIG), NULL));
    info = add(p, signature, "SignedInfo", NULL);
    add_algorithm(p, info, "CanonicalizationMethod", "http://www.w3.org/2001/10/xml-exc-c14n#");
    add_algorithm(p, info, "SignatureMethod",
                  "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256");
    reference = add(p, info, "Reference", NULL);
    transforms = add(p, reference, "Transforms", NULL);
    add_algorithm(p, transforms, "Transform", CAP_NS_DSIG "enveloped-signature");
    add_algorithm(p, reference, "DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256");
    (void)add(p, reference, "DigestValue", NULL);
    (void)add(p, signature, "SignatureValue", NULL);
    if (p->err == ERR_OK && xmlNewProp(reference, XML("URI"), XML("")) == NULL)
        p->err = ERR_NOMEM;
    if (p->err == ERR_OK && !cap_xmlsec_sign(signature, key_pem))
        p->err = ERR_AUTH;
}

enum err cap_produce(const struct cap_notice *notice, const char *key_pem, char **ret_text)
{
    struct producing p;

    begin(&p, "alert", CAP_NS_12);
    add_some(&p, p.root, "identifier", notice->identifier);
    add_some(&p, p.root, "sender", notice->sender);
    add_time(&p, p.root, "sent", notice->sent_us, notice->offset_min);
    add_some(&p, p.root, "status", cap_words_status.words[notice->status]);
    add_some(&p, p.root, "msgType", cap_words_type.words[notice->type]);
    (void)add(&p, p.root, "scope", "Public");
    add_some(&p, p.root, "addresses", notice->addresses);
    add_some(&p, p.root, "note", notice->note);
    if (notice->reference_count > 0)
        add_references(&p, notice);
    if (notice->event != NULL)
        add_info(&p, notice);
    if (key_pem != NULL)
        sign(&p, key_pem);
    return finish(&p, ret_text);
}

static void add_link(struct producing *p, xmlNode *parent, const char *rel, const char *type,
                     const char *href)
{
    xmlNode *link = add(p, parent, "link", NULL);

    if (link != NULL && (xmlNewProp(link, XML("rel"), XML(rel)) == NULL ||
                         xmlNewProp(link, XML("type"), XML(type)) == NULL ||
                         xmlNewProp(link, XML("href"), XML(href)) == NULL))
        p->err = ERR_NOMEM;
}

enum err cap_produce_feed(const char *id, const char *title, const char *link, usec_t updated_us,
                          const struct cap_entry *entries, size_t count, char **ret_text)
{
    struct producing p;

    begin(&p, "feed", ATOM);
    add_some(&p, p.root, "id", id);
    add_some(&p, p.root, "title", title);
    add_time(&p, p.root, "updated", updated_us, 0);
    add_link(&p, p.root, "self", "application/atom+xml", link);
    for (size_t i = 0; i < count; i++) {
        xmlNode *entry = add(&p, p.root, "entry", NULL);

        add_some(&p, entry, "id", entries[i].identifier);
        add_some(&p, entry, "title", entries[i].title);
        add_time(&p, entry, "updated", entries[i].updated_us, 0);
        add_link(&p, entry, "alternate", "application/cap+xml", entries[i].link);
    }
    return finish(&p, ret_text);
}
