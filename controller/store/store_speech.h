/* store_speech.h - which text a recording was spoken from, and the station's signature tune. Thread: main. */
#ifndef LOA_STORE_SPEECH_H
#define LOA_STORE_SPEECH_H

#include "db.h"
#include "units.h"

#define SPOKEN_TEXT_SIZE 20001
#define SPOKEN_VOICE_SIZE 16

struct spoken {
    char text[SPOKEN_TEXT_SIZE]; /* as a person wrote it */
    char voice[SPOKEN_VOICE_SIZE];
    uint32_t speed; /* words a minute */
};

/* Keep the text of a recording that the station spoke; the newest counts when two sound alike.
 *
 * ERR_NOT_FOUND  no such recording */
MUST_USE enum err store_speech_put(struct db *db, const struct media_id *media,
                                   const struct spoken *spoken);

/* ERR_NOT_FOUND  not spoken by the station */
MUST_USE enum err store_speech_get(struct db *db, const struct media_id *media,
                                   struct spoken *ret_spoken);

/* The tune of a part PART_CHIME. ERR_NOT_FOUND  none yet; put: no such recording */
MUST_USE enum err store_speech_get_signature(struct db *db, struct media_id *ret_media);
MUST_USE enum err store_speech_put_signature(struct db *db, const struct media_id *media);

#endif
