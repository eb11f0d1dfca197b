/* api_media.h - what the routes of recordings share. For controller/api only. Thread: main. */
#ifndef LOA_API_MEDIA_H
#define LOA_API_MEDIA_H

#include "api_impl.h"
#include "library.h"

/* The recording that the address names. */
MUST_USE enum err api_media_find(struct call *c, struct media_info *ret_media);

#endif
