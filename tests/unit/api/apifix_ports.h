/* apifix_ports.h - the port functions of apifix. */
#ifndef LOA_APIFIX_PORTS_H
#define LOA_APIFIX_PORTS_H

#include "api.h"

struct apifix;

struct api_ports apifix_ports(struct apifix *f);

#endif
