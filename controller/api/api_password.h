/* api_password.h - one password to hash or judge on a worker thread, and how the call goes on after it.
 *
 * Thread: main, except for the hashing itself. */
#ifndef LOA_API_PASSWORD_H
#define LOA_API_PASSWORD_H

#include "api_impl.h"
#include "secret.h"

enum password_work {
    PASSWORD_NOTHING = 0,
    PASSWORD_HASH, /* password -> user.password_hash */
    PASSWORD_VERIFY, /* password against user.password_hash -> is_right */
    PASSWORD_REPLACE, /* VERIFY, then next_password -> user.password_hash */
};

struct password_job;
typedef enum err (*password_then)(struct call *c, const struct password_job *job);

struct password_job {
    struct call *call; /* kept */
    password_then then;
    enum password_work work;
    enum err result;
    bool is_right;
    struct station station; /* as the wizard would have it */
    bool flag; /* the caller's own */
    char login[64];
    char code[7]; /* of the second factor, "" none */
    char password[SECRET_PASSWORD_MAX + 1];
    char next_password[SECRET_PASSWORD_MAX + 1];
    struct user user;
};

/* NULL: out of memory. */
struct password_job *password_job_new(password_then then);

/* Free, wiping the passwords. */
void password_job_free(struct password_job *job);

/* Hand over to a worker; takes the job. ERR_MORE: the call goes on in `then`; otherwise it failed. */
MUST_USE enum err password_job_start(struct password_job *job, enum password_work work,
                                     struct call *c);

#endif
