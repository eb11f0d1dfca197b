/* variant.h - what of a bulletin of several languages a zone hears.
 *
 * Parts without a language are for everybody and keep their places. Each stretch of parts with languages between
 * them becomes those of the zone's first language, then of its second one, and so on. A zone none of whose languages
 * the bulletin has hears the parts without language, and when those say nothing (chimes and silence only) the
 * Vietnamese ones too, and when there are none of these everything as written. Zones that hear the same share one
 * variant, named by its languages: "" as written, "-" the parts without language. Pure. Thread: any. */
#ifndef LOA_VARIANT_H
#define LOA_VARIANT_H

#include "bulletin.h"

/* Name the variant that somebody with these languages hears. */
void variant_choose(const struct bulletin *b, const struct languages *wanted,
                    char ret_variant[LANGUAGES_TEXT_SIZE]);

/* Reduce a bulletin to the parts of one variant, in its order. */
void variant_apply(struct bulletin *b, const char *variant);

#endif
