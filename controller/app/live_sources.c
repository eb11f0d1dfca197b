#include <string.h>

#include "live_impl.h"

enum live_kind live_source_kind(const char *source)
{
    size_t len = strlen(BULLETIN_MICROPHONE);

    if (strcmp(source, "stream") == 0)
        return LIVE_STREAM;
    return strncmp(source, BULLETIN_MICROPHONE, len) == 0 &&
                   (source[len] == '\0' || source[len] == ':')
               ? LIVE_MICROPHONE
               : LIVE_RELAY;
}

enum err live_source_open(struct live *l, struct live_session *s, struct err_detail *detail)
{
    const char *device = s->source + strlen(BULLETIN_MICROPHONE);

    switch (s->kind) {
    case LIVE_STREAM:
        break;
    case LIVE_MICROPHONE:
        return mic_input_open(device + (*device == ':'), s->ring, &s->microphone, detail);
    case LIVE_RELAY:
        return relay_start(&l->config.relay, s->source, s->backup, s->ring, &s->relay, detail);
    }
    return ERR_OK;
}

void live_source_close(struct live_session *s)
{
    mic_input_close(s->microphone);
    relay_stop(s->relay);
    s->microphone = NULL;
    s->relay = NULL;
}
