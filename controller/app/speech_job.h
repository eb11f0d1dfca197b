/* speech_job.h - speak a text on a worker thread, then import what was spoken like any upload.
 *
 * Thread: main. */
#ifndef LOA_SPEECH_JOB_H
#define LOA_SPEECH_JOB_H

#include "api.h"
#include "jobs.h"
#include "src_speech.h"

/* Errors as in struct api_ports.
 *
 *   config       copied; its texts outlive the job
 *   scratch_dir  existing; borrowed until `done` */
MUST_USE enum err speech_job_start(struct jobs *jobs, const struct src_speech_config *config,
                                   const char *scratch_dir, const struct api_speech *speech,
                                   api_import_done done, void *arg, struct err_detail *detail);

#endif
