#include "fleet_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: loa-fleet -n N --controller HOST[:PORT] --state DIR [--join CODE|@FILE] [options]\n"
    "\n"
    "N real clients of the node link in one process: mutual TLS, clock exchange, orders, streams,\n"
    "receipts. Prints how early sound arrives, how clocks agree, and gaps, as distributions.\n"
    "\n"
    "  -n, --nodes N           how many (1..20000)\n"
    "  --controller HOST:PORT  of the station (7443)\n"
    "  --state DIR             keys and certificates; members found there need no join code\n"
    "  --join CODE|@FILE       join code for the first member, or a file with one code a line\n"
    "  --ramp S                spread the first dials over S seconds (else all at once)\n"
    "  --seconds S             end after S seconds (else at SIGINT)\n"
    "  --cached                claim to hold all media instead of asking for streams\n"
    "  --decode K              every K-th member decodes what it receives\n"
    "  --stall P[:S]           P % of the members stop reading for S s (10), once a minute\n"
    "  --flap P[:S]            P % drop the link every S s (5)\n"
    "  --slow P[:B]            P % read B bytes a second (1000)\n"
    "  --bad-clock P[:PPM]     P % have a clock that runs PPM fast (500)\n"
    "  --wrong-version P       P % speak a version that does not exist\n"
    "  --power-cut AT[:FOR]    all vanish without a word at second AT, and return FOR s later "
    "(5);\n"
    "                          figures of coming back are of after it\n"
    "  --forget                nobody keeps a session over a cut or a flap: full handshakes\n"
    "  --sessions              keep sessions in the state directory, and resume those found there\n"
    "  --json                  the result as JSON on standard output\n";

enum choice {
    OPT_NODES = 'n',
    OPT_HELP = 'h',
    OPT_CONTROLLER = 1000,
    OPT_STATE,
    OPT_JOIN,
    OPT_RAMP,
    OPT_SECONDS,
    OPT_CACHED,
    OPT_DECODE,
    OPT_STALL,
    OPT_FLAP,
    OPT_SLOW,
    OPT_BAD_CLOCK,
    OPT_WRONG_VERSION,
    OPT_POWER_CUT,
    OPT_FORGET,
    OPT_SESSIONS,
    OPT_JSON,
};

static const struct option names[] = {
    {"nodes", required_argument, NULL, OPT_NODES},
    {"help", no_argument, NULL, OPT_HELP},
    {"controller", required_argument, NULL, OPT_CONTROLLER},
    {"state", required_argument, NULL, OPT_STATE},
    {"join", required_argument, NULL, OPT_JOIN},
    {"ramp", required_argument, NULL, OPT_RAMP},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"cached", no_argument, NULL, OPT_CACHED},
    {"decode", required_argument, NULL, OPT_DECODE},
    {"stall", required_argument, NULL, OPT_STALL},
    {"flap", required_argument, NULL, OPT_FLAP},
    {"slow", required_argument, NULL, OPT_SLOW},
    {"bad-clock", required_argument, NULL, OPT_BAD_CLOCK},
    {"wrong-version", required_argument, NULL, OPT_WRONG_VERSION},
    {"power-cut", required_argument, NULL, OPT_POWER_CUT},
    {"forget", no_argument, NULL, OPT_FORGET},
    {"sessions", no_argument, NULL, OPT_SESSIONS},
    {"json", no_argument, NULL, OPT_JSON},
    {0},
};

static bool number(const char *text, char end, unsigned most, unsigned *ret_value, char **ret_rest)
{
    unsigned long n = strtoul(text, ret_rest, 10);

    if (text[0] < '0' || text[0] > '9' || n > most || (**ret_rest != '\0' && **ret_rest != end))
        return false;
    *ret_value = (unsigned)n;
    return true;
}

/* "FIRST" or "FIRST:SECOND" */
static bool pair(const char *text, unsigned most, unsigned *ret_first, unsigned *ret_second)
{
    char *rest;

    if (!number(text, ':', most, ret_first, &rest))
        return false;
    return *rest == '\0' || number(rest + 1, '\0', 1000000000, ret_second, &rest);
}

static bool part(const char *text, unsigned usual, struct fleet_part *ret_part)
{
    ret_part->value = usual;
    return pair(text, 100, &ret_part->percent, &ret_part->value);
}

static bool controller(const char *text, struct fleet_options *o)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
    unsigned port = 7443;
    char *rest;

    if (len == 0 || len >= sizeof(o->host) ||
        (colon != NULL && !number(colon + 1, '\0', 65535, &port, &rest)))
        return false;
    memcpy(o->host, text, len);
    o->host[len] = '\0';
    o->port = (uint16_t)port;
    return true;
}

static bool take(int option, const char *value, struct fleet_options *o)
{
    char *rest;

    switch (option) {
    case OPT_NODES:
        return number(value, '\0', FLEET_MEMBERS_MAX, &o->members, &rest) && o->members > 0;
    case OPT_CONTROLLER:
        return controller(value, o);
    case OPT_STATE:
        o->state = value;
        return true;
    case OPT_JOIN:
        o->join = value;
        return true;
    case OPT_RAMP:
        return number(value, '\0', 3600, &o->ramp, &rest);
    case OPT_SECONDS:
        return number(value, '\0', 1000000, &o->seconds, &rest);
    case OPT_CACHED:
        o->cached = true;
        return true;
    case OPT_DECODE:
        return number(value, '\0', FLEET_MEMBERS_MAX, &o->decode_every, &rest);
    case OPT_STALL:
        return part(value, 10, &o->stall);
    case OPT_FLAP:
        return part(value, 5, &o->flap) && o->flap.value > 0;
    case OPT_SLOW:
        return part(value, 1000, &o->slow);
    case OPT_BAD_CLOCK:
        return part(value, 500, &o->bad_clock);
    case OPT_WRONG_VERSION:
        return part(value, 0, &o->wrong_version);
    case OPT_POWER_CUT:
        o->power_cut_for = 5;
        return pair(value, 1000000, &o->power_cut_at, &o->power_cut_for);
    case OPT_FORGET:
        o->forget = true;
        return true;
    case OPT_SESSIONS:
        o->sessions = true;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    default:
        return false;
    }
}

enum err fleet_options_read(int argc, char **argv, struct fleet_options *ret_options,
                            struct err_detail *detail)
{
    struct fleet_options o = {0};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "n:h", names, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(help, stdout);
            return ERR_CANCELLED;
        }
        if (option == '?' || !take(option, optarg, &o))
            return err_set(detail, ERR_FORMAT, "%s is not possible here; see loa-fleet --help",
                           argv[optind - 1]);
    }
    if (optind < argc)
        return err_set(detail, ERR_FORMAT, "%s is one word too many; see loa-fleet --help",
                       argv[optind]);
    if (o.members == 0 || o.host[0] == '\0' || o.state == NULL)
        return err_set(detail, ERR_FORMAT,
                       "give -n, --controller and --state; see loa-fleet --help");
    *ret_options = o;
    return ERR_OK;
}
