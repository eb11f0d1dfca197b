#include "cap_xml.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "cap_alert.h"

#define DECLARATION_MAX 256

struct watch {
    struct cap_findings *findings;
    size_t elements;
    bool refused;
};

/* The encoding named in the XML declaration, "" when there is none. */
static void declared_encoding(struct bytes data, char *ret_name, size_t size)
{
    char head[DECLARATION_MAX + 1];
    size_t len = data.len < DECLARATION_MAX ? data.len : DECLARATION_MAX;
    const char *at, *end;

    ret_name[0] = '\0';
    memcpy(head, data.data, len);
    head[len] = '\0';
    if (strncmp(head, "<?xml", 5) != 0 || (end = strstr(head, "?>")) == NULL)
        return;
    at = strstr(head, "encoding");
    if (at == NULL || at > end)
        return;
    at += strcspn(at, "\"'");
    if (*at != '\0')
        snprintf(ret_name, size, "%.*s", (int)strcspn(at + 1, "\"'"), at + 1);
}

/* Only encodings in which markup is ASCII, so that what is counted here is what libxml2 will see. */
static bool encoding_allowed(struct bytes data, struct cap_findings *findings)
{
    static const char *const names[] = {"", "UTF-8", "US-ASCII", "ASCII", "ISO-8859-1"};
    char name[64];

    if (data.len >= 3 && memcmp(data.data, "\xEF\xBB\xBF", 3) == 0)
        data = bytes_of(data.data + 3, data.len - 3);
    if (memchr(data.data, 0, data.len) == NULL) {
        declared_encoding(data, name, sizeof(name));
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (xmlStrcasecmp((const xmlChar *)name, (const xmlChar *)names[i]) == 0)
                return true;
        }
    }
    cap_findings_add(findings, CAP_XML_ENCODING, NULL,
                     "the encoding is neither UTF-8 nor ISO-8859-1; send UTF-8");
    return false;
}

/* A tag cannot contain "<", so what stands between two of them bounds the attributes of one. */
static bool attributes_bounded(struct bytes data, struct cap_findings *findings)
{
    size_t count = 0;

    for (size_t i = 0; i < data.len; i++) {
        if (data.data[i] == '<')
            count = 0;
        else if (data.data[i] == '=' && ++count > CAP_XML_ATTRIBUTES_MAX) {
            cap_findings_add(findings, CAP_XML_LIMIT, NULL,
                             "more than %d equal signs stand between two tags",
                             CAP_XML_ATTRIBUTES_MAX);
            return false;
        }
    }
    return true;
}

static void refuse(xmlParserCtxt *parser)
{
    struct watch *watch = parser->_private;

    watch->refused = true;
    xmlStopParser(parser);
}

static void on_doctype(void *user, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id)
{
    xmlParserCtxt *parser = user;
    struct watch *watch = parser->_private;

    (void)name;
    (void)public_id;
    (void)system_id;
    cap_findings_add(watch->findings, CAP_XML_DTD, NULL,
                     "a document type declaration is not allowed; remove it");
    refuse(parser);
}

static void on_element(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                       int namespaces, const xmlChar **declared, int attributes, int defaulted,
                       const xmlChar **values)
{
    xmlParserCtxt *parser = user;
    struct watch *watch = parser->_private;

    if (watch->refused)
        return;
    if (++watch->elements > CAP_XML_ELEMENTS_MAX || parser->nameNr >= CAP_XML_DEPTH_MAX) {
        cap_findings_add(watch->findings, CAP_XML_LIMIT, NULL,
                         "more than %d elements, or nested deeper than %d", CAP_XML_ELEMENTS_MAX,
                         CAP_XML_DEPTH_MAX);
        refuse(parser);
        return;
    }
    xmlSAX2StartElementNs(user, name, prefix, uri, namespaces, declared, attributes, defaulted,
                          values);
}

enum err cap_xml_read(struct bytes data, struct cap_findings *findings, xmlDoc **ret_doc)
{
    struct watch watch = {.findings = findings};
    xmlParserCtxt *parser;
    xmlDoc *doc;
    enum err e = ERR_FORMAT;

    if (data.len == 0 || data.len > CAP_BYTES_MAX) {
        cap_findings_add(findings, CAP_XML_SIZE, NULL, "%zu bytes; 1 to %u are allowed", data.len,
                         CAP_BYTES_MAX);
        return ERR_FORMAT;
    }
    if (!encoding_allowed(data, findings) || !attributes_bounded(data, findings))
        return ERR_FORMAT;
    parser = xmlNewParserCtxt();
    if (parser == NULL)
        return ERR_NOMEM;
    parser->_private = &watch;
    parser->sax->internalSubset = on_doctype;
    parser->sax->startElementNs = on_element;
    doc = xmlCtxtReadMemory(parser, (const char *)data.data, (int)data.len, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                XML_PARSE_NOCDATA);
    if (parser->errNo == XML_ERR_NO_MEMORY) {
        e = ERR_NOMEM;
    } else if (doc != NULL && parser->wellFormed && parser->nsWellFormed && !watch.refused) {
        *ret_doc = doc;
        doc = NULL;
        e = ERR_OK;
    } else if (!watch.refused) {
        cap_findings_add(findings, CAP_XML_MALFORMED, NULL, "line %d is not well-formed XML",
                         parser->lastError.line);
    }
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(parser);
    return e;
}
