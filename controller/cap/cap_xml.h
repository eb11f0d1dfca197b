/* cap_xml.h - bytes to an XML tree, and nothing else: no DTD, no entities, no files, no network.
 *
 * Everything is bounded before or while libxml2 reads. For controller/cap only. Thread: any. */
#ifndef LOA_CAP_XML_H
#define LOA_CAP_XML_H

#include <libxml/tree.h>

#include "bytes.h"
#include "cap_finding.h"
#include "err.h"

#define CAP_XML_DEPTH_MAX 16
#define CAP_XML_ELEMENTS_MAX 50000
#define CAP_XML_ATTRIBUTES_MAX 1000 /* of one element, before libxml2 compares each with each */

/* Read a whole document.
 *
 *   data      borrowed; UTF-8, US-ASCII or ISO-8859-1
 *   findings  what is wrong with it
 *   ret_doc   for xmlFreeDoc()
 *
 * ERR_FORMAT  refused, the reason is in findings
 * ERR_NOMEM   out of memory */
MUST_USE enum err cap_xml_read(struct bytes data, struct cap_findings *findings, xmlDoc **ret_doc);

#endif
