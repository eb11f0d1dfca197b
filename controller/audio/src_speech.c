#include "src_speech.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

#define ARGS_MAX 64
#define COMMAND_MAX 512
#define CANCEL_POLL_MS 100
#define TEXT_NAME "/text" /* what the sandbox shows instead of the path of the text */

static const char *const voice_names[SPEECH_VOICES] = {
    [SPEECH_VOICE_NORTH] = "north",
    [SPEECH_VOICE_CENTRAL] = "central",
    [SPEECH_VOICE_SOUTH] = "south",
};

struct args {
    const char *v[ARGS_MAX];
    size_t n;
    char words[COMMAND_MAX + PATH_MAX];
    size_t used;
};

struct speaking {
    const struct src_speech_config *config;
    const atomic_bool *cancel;
    struct err_detail *detail;
    struct child child;
    int fd;
    uint64_t bytes;
    bool out_ended;
    bool err_ended;
    char said[160]; /* the start of its messages */
    size_t said_len;
};

void src_speech_config_init(struct src_speech_config *c)
{
    *c = (struct src_speech_config){
        .command = "/usr/bin/espeak-ng -v {voice} -s {speed} -f {text} --stdout",
        .voices = {"vi", "vi-vn-x-central", "vi-vn-x-south"},
        .bwrap = "/usr/bin/bwrap",
        .sandbox = SRC_FILE_SANDBOX_REQUIRED,
        .timeout_ms = 120 * 1000,
        .output_bytes_max = UINT64_C(256) << 20,
        .memory_mb = 512,
    };
}

const char *speech_voice_name(enum speech_voice v)
{
    return (size_t)v < SPEECH_VOICES ? voice_names[v] : NULL;
}

int speech_voice_from_name(const char *name)
{
    for (int i = 0; i < SPEECH_VOICES; i++) {
        if (strcmp(voice_names[i], name) == 0)
            return i;
    }
    return -1;
}

static void add(struct args *a, const char *word)
{
    if (a->n + 1 < ARGS_MAX)
        a->v[a->n++] = word;
}

/* One word of the command, with what its placeholders stand for. False: too long. */
static bool add_word(struct args *a, const char *word, size_t len,
                     const struct src_speech_config *c, const struct src_speech_request *r,
                     const char *text_path)
{
    char *start = a->words + a->used;
    size_t left = sizeof(a->words) - a->used;
    char speed[12];
    const struct {
        const char *name;
        const char *value;
    } places[] = {{"{voice}", c->voices[r->voice]}, {"{speed}", speed}, {"{text}", text_path}};
    FILE *out = fmemopen(start, left, "w");
    bool fits;

    if (out == NULL)
        return false;
    snprintf(speed, sizeof(speed), "%u", r->speed);
    for (size_t at = 0; at < len;) {
        size_t step = 0;

        for (size_t i = 0; i < 3 && step == 0; i++) {
            size_t n = strlen(places[i].name);

            if (n <= len - at && strncmp(word + at, places[i].name, n) == 0) {
                fputs(places[i].value, out);
                step = n;
            }
        }
        if (step == 0)
            fputc(word[at], out);
        at += step > 0 ? step : 1;
    }
    fputc('\0', out);
    fits = fflush(out) == 0 && (size_t)ftell(out) < left;
    a->used += (size_t)ftell(out);
    fclose(out);
    add(a, start);
    return fits;
}

static bool add_command(struct args *a, const struct src_speech_config *c,
                        const struct src_speech_request *r, const char *text_path)
{
    const char *at = c->command;

    while (*(at += strspn(at, " ")) != '\0') {
        size_t len = strcspn(at, " ");

        if (a->n + 2 > ARGS_MAX || !add_word(a, at, len, c, r, text_path))
            return false;
        at += len;
    }
    return true;
}

static void add_sandbox(struct args *a, const char *bwrap, const char *program,
                        const char *text_path)
{
    const char *const box[] = {bwrap,
                               "--unshare-all",
                               "--die-with-parent",
                               "--new-session",
                               "--cap-drop",
                               "ALL",
                               "--ro-bind",
                               "/usr",
                               "/usr",
                               "--ro-bind",
                               "/lib",
                               "/lib",
                               "--ro-bind-try",
                               "/lib64",
                               "/lib64",
                               "--symlink",
                               "usr/bin",
                               "/bin",
                               "--dev",
                               "/dev",
                               "--ro-bind",
                               program,
                               program,
                               "--ro-bind",
                               text_path,
                               TEXT_NAME,
                               "--remount-ro",
                               "/",
                               "--chdir",
                               "/"};

    for (size_t i = 0; i < sizeof(box) / sizeof(box[0]); i++)
        add(a, box[i]);
}

static enum err check_programs(const struct src_speech_config *c, const char *program,
                               struct err_detail *detail)
{
    if (program[0] != '/' || access(program, X_OK) != 0)
        return err_set(detail, ERR_UNSUPPORTED,
                       "Text cannot be spoken: %s is missing; install the package espeak-ng, or "
                       "correct command under [speech].",
                       program);
    if (c->sandbox == SRC_FILE_SANDBOX_REQUIRED && access(c->bwrap, X_OK) != 0)
        return err_set(detail, ERR_UNSUPPORTED,
                       "Text cannot be spoken safely: %s is missing; install the package "
                       "bubblewrap, or set allow_unsandboxed = yes under [audio].",
                       c->bwrap);
    return ERR_OK;
}

static enum err start(struct speaking *s, const struct src_speech_request *r, const char *text_path)
{
    const struct src_speech_config *c = s->config;
    bool boxed = c->sandbox == SRC_FILE_SANDBOX_REQUIRED;
    /* espeak-ng makes shared memory for a sound server even when it writes to its standard output. */
    struct child_limits limits = {
        .cpu_s = c->timeout_ms / 1000 + 5, .memory_mb = c->memory_mb, .file_mb = 128};
    struct args a = {.n = 0};
    char program[COMMAND_MAX];
    enum err err;

    snprintf(program, sizeof(program), "%.*s", (int)strcspn(c->command, " "), c->command);
    err = check_programs(c, program, s->detail);
    if (err != ERR_OK)
        return err;
    if (boxed)
        add_sandbox(&a, c->bwrap, program, text_path);
    if (!add_command(&a, c, r, boxed ? TEXT_NAME : text_path))
        return err_set(s->detail, ERR_ARG, "command under [speech] is too long; shorten it.");
    err = child_start((char *const *)a.v, &limits, &s->child);
    if (err != ERR_OK)
        err_set(s->detail, err, "The speech program cannot be started (%s); try again later.",
                strerror(errno));
    return err;
}

static enum err store(struct speaking *s, const char *data, size_t len)
{
    s->bytes += len;
    if (s->bytes > s->config->output_bytes_max)
        return err_set(s->detail, ERR_LIMIT,
                       "The speech program wrote more than %llu MB and was stopped; shorten the "
                       "text.",
                       (unsigned long long)s->config->output_bytes_max >> 20);
    while (len > 0) {
        ssize_t n = write(s->fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(s->detail, ERR_IO,
                           "The disk is full or cannot be written; free some space.");
        data += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

static enum err drain(struct speaking *s, int fd, bool is_sound)
{
    char data[65536];
    ssize_t n = read(fd, data, sizeof(data));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ERR_OK;
    if (n <= 0) {
        *(is_sound ? &s->out_ended : &s->err_ended) = true;
        return ERR_OK;
    }
    if (is_sound)
        return store(s, data, (size_t)n);
    for (ssize_t i = 0; i < n && s->said_len + 1 < sizeof(s->said); i++) {
        if (data[i] >= ' ' && data[i] <= '~')
            s->said[s->said_len++] = data[i];
    }
    return ERR_OK;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum err pump(struct speaking *s)
{
    int64_t until = now_ms() + s->config->timeout_ms;
    bool over = false;
    enum err err = ERR_OK;

    while (err == ERR_OK && !over) {
        struct pollfd fds[3] = {
            {.fd = s->out_ended ? -1 : s->child.out_fd, .events = POLLIN},
            {.fd = s->err_ended ? -1 : s->child.err_fd, .events = POLLIN},
            {.fd = s->out_ended && s->err_ended ? s->child.pid_fd : -1, .events = POLLIN},
        };

        if (poll(fds, 3, CANCEL_POLL_MS) < 0 && errno != EINTR)
            return ERR_IO;
        if (fds[0].revents != 0)
            err = drain(s, s->child.out_fd, true);
        if (err == ERR_OK && fds[1].revents != 0)
            err = drain(s, s->child.err_fd, false);
        if (err == ERR_OK && s->cancel != NULL && atomic_load(s->cancel))
            err = err_set(s->detail, ERR_CANCELLED, "The speech was cancelled.");
        if (err == ERR_OK && now_ms() > until)
            err = err_set(s->detail, ERR_TIMEOUT,
                          "The speech program took more than %u s and was stopped; shorten the "
                          "text.",
                          s->config->timeout_ms / 1000);
        over = fds[2].revents != 0;
    }
    return err;
}

static enum err speak(struct speaking *s, const struct src_speech_request *r, const char *text_path)
{
    int status;
    enum err err = start(s, r, text_path);

    if (err != ERR_OK)
        return err;
    err = pump(s);
    status = child_end(&s->child);
    if (err != ERR_OK)
        return err;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || s->bytes == 0)
        return err_set(s->detail, ERR_FORMAT,
                       "The speech program failed (%s); check command under [speech].",
                       s->said_len > 0 ? s->said : "it gave no reason");
    return ERR_OK;
}

static enum err write_text(const char *path, int fd, const char *text, struct err_detail *detail)
{
    size_t len = strlen(text);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;

    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    return ok ? ERR_OK
              : err_set(detail, ERR_IO, "The station cannot write %s (%s); free some space.", path,
                        strerror(errno));
}

enum err src_speech(const struct src_speech_config *c, const struct src_speech_request *r,
                    const char *scratch_dir, const char *path, const atomic_bool *cancel,
                    struct err_detail *detail)
{
    struct speaking s = {.config = c, .cancel = cancel, .detail = detail, .fd = -1};
    char text_path[PATH_MAX];
    enum err err;

    if (r->speed < SPEECH_SPEED_MIN || r->speed > SPEECH_SPEED_MAX || r->voice >= SPEECH_VOICES)
        return err_set(detail, ERR_ARG,
                       "The speed must be %d to %d words a minute, the voice north, central or "
                       "south.",
                       SPEECH_SPEED_MIN, SPEECH_SPEED_MAX);
    snprintf(text_path, sizeof(text_path), "%s/speech-XXXXXX", scratch_dir);
    err = write_text(text_path, mkostemp(text_path, O_CLOEXEC), r->text, detail);
    if (err != ERR_OK)
        goto out;
    s.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (s.fd < 0) {
        err = err_set(detail, ERR_IO, "The station cannot write %s (%s).", path, strerror(errno));
        goto out;
    }
    err = speak(&s, r, text_path);
    if (close(s.fd) != 0 && err == ERR_OK)
        err = err_set(detail, ERR_IO, "The disk is full or cannot be written; free some space.");
    if (err != ERR_OK)
        unlink(path);
out:
    unlink(text_path);
    return err;
}
