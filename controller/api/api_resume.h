/* api_resume.h - uploads that survive the loss of their link and a restart of the station: begun, brought in parts,
 * completed.
 *
 * What has come stays in a file for a day; whoever began it asks how much there is and goes on from there. What an
 * answer said is on the disk; a row of the database (store_upload) says how much that is, and what a crash left
 * beyond it is cut off. For controller/api only. Thread: main. */
#ifndef LOA_API_RESUME_H
#define LOA_API_RESUME_H

#include "api_impl.h"
#include "store_upload.h"

struct resume {
    struct resume *next;
    struct store_upload row; /* as it is stored */
    uint64_t offset_bytes; /* written, maybe not on the disk yet */
    uint64_t request; /* that brings a part now, 0 none */
    bool importing;
};

/* Take up what was left by an earlier run, and remove what is of no use any more. */
void api_resume_load(struct api *a);

/* The upload that the address names. ERR_NOT_FOUND: none of this account. */
MUST_USE enum err api_resume_find(struct call *c, struct resume **ret_resume);

/* A part begins: judge ?offset=, and let go of an earlier request that still holds on.
 *
 *   ret_fd  open at the end of the file */
MUST_USE enum err api_resume_part_begin(struct call *c, int *ret_fd, uint64_t *ret_left);

/* Bytes of the part that this request brings were written; the request is over: what came is brought to the disk. */
void api_resume_wrote(struct api *a, uint64_t request, int fd, uint64_t bytes);
void api_resume_part_over(struct api *a, uint64_t request, int fd);

/* True while this request brings a part and no later one took its place. */
bool api_resume_is_held(const struct api *a, uint64_t request);

/* The import of a complete one has ended. What failed for want of room or time may be completed again. */
void api_resume_imported(struct api *a, uint64_t id, enum err result);

/* Forget them here; they stay on the disk. */
void api_resume_free_all(struct api *a);

#endif
