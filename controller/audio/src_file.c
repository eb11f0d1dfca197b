#include "src_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "check.h"
#include "child.h"
#include "cutshort.h"
#include "utf8.h"

#define PCM_BYTES 65536
#define LINE_BYTES 256
#define CANCEL_POLL_MS 100
#define ARGS_MAX 64
/* What the sandbox shows instead of the path of the upload. */
#define INPUT_NAME "/input"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PCM_FORMAT "f32le"
#else
#define PCM_FORMAT "f32be"
#endif

#define READABLE_KINDS "WAV, MP3, M4A, OGG, FLAC, AAC or AMR"

/* What the decoder's messages mean. */
struct findings {
    bool not_sound;
    bool no_audio_stream;
    bool estimated; /* its length is a guess */
    bool sandbox_failed;
    int64_t declared_ms; /* length by the file's own header, 0 unknown */
    char last[LINE_BYTES];
};

struct decoding {
    const struct src_file_config *config;
    const atomic_bool *cancel;
    struct err_detail *detail;
    struct child child;
    int pcm_fd;
    int64_t started_ms;
    int64_t heard_ms;
    uint64_t bytes; /* of sound */
    bool out_ended;
    bool err_ended;
    char line[LINE_BYTES];
    size_t line_len;
    struct findings found;
};

void src_file_config_init(struct src_file_config *c)
{
    *c = (struct src_file_config){
        .ffmpeg = "/usr/bin/ffmpeg",
        .bwrap = "/usr/bin/bwrap",
        .sandbox = SRC_FILE_SANDBOX_REQUIRED,
        .input_bytes_max = UINT64_C(1) << 30,
        .duration_max_s = 12 * 3600,
        .duration_min_ms = 100,
        .timeout_ms = 15 * 60 * 1000,
        .stall_ms = 30 * 1000,
        .memory_mb = 1024,
    };
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Judge what is open before anything decodes it. */
static enum err check_open_input(const struct src_file_config *c, int fd, struct err_detail *detail)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_set(detail, ERR_FORMAT, "This is not a file: send a sound file (%s).",
                       READABLE_KINDS);
    if (st.st_size == 0)
        return err_set(
            detail, ERR_FORMAT,
            "The file is empty: check that the recording was saved, then send it again.");
    if ((uint64_t)st.st_size > c->input_bytes_max)
        return err_set(
            detail, ERR_LIMIT,
            "The file has %llu MB, more than the %llu MB allowed: send it as MP3 or M4A.",
            (unsigned long long)st.st_size >> 20, (unsigned long long)c->input_bytes_max >> 20);
    if (cutshort_check(fd, (uint64_t)st.st_size))
        return err_set(detail, ERR_FORMAT,
                       "The recording is cut short: its end did not arrive; send it again.");
    return ERR_OK;
}

static enum err check_input(const struct src_file_config *c, const char *path,
                            struct err_detail *detail)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum err err;

    if (fd < 0)
        return err_set(detail, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                       "The file cannot be read (%s): send it again.", strerror(errno));
    err = check_open_input(c, fd, detail);
    close(fd);
    return err;
}

enum err src_file_check_programs(const struct src_file_config *c, struct err_detail *detail)
{
    if (access(c->ffmpeg, X_OK) != 0)
        return err_set(detail, ERR_UNSUPPORTED,
                       "Recordings cannot be decoded: %s is missing; install the package ffmpeg.",
                       c->ffmpeg);
    if (c->sandbox == SRC_FILE_SANDBOX_REQUIRED && access(c->bwrap, X_OK) != 0)
        return err_set(detail, ERR_UNSUPPORTED,
                       "Recordings cannot be decoded safely: %s is missing; install the package "
                       "bubblewrap, or set allow_unsandboxed = yes under [audio].",
                       c->bwrap);
    return ERR_OK;
}

struct args {
    const char *v[ARGS_MAX];
    size_t n;
};

static void args_add(struct args *a, const char *const *more)
{
    while (*more != NULL && a->n + 1 < ARGS_MAX)
        a->v[a->n++] = *more++;
}

/* Without a path the decoder is given no file at all. */
static void add_sandbox(struct args *a, const struct src_file_config *c, const char *real_path)
{
    const char *const sandbox[] = {
        c->bwrap,
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
        "--ro-bind-try",
        "/etc/alternatives",
        "/etc/alternatives",
        "--symlink",
        "usr/bin",
        "/bin",
        NULL,
    };
    const char *const input[] = {"--ro-bind", real_path, INPUT_NAME, NULL};
    const char *const elsewhere[] = {"--ro-bind", c->ffmpeg, c->ffmpeg, NULL};
    const char *const sealed[] = {"--remount-ro", "/", "--chdir", "/", NULL};

    args_add(a, sandbox);
    if (real_path != NULL)
        args_add(a, input);
    if (strncmp(c->ffmpeg, "/usr/", 5) != 0)
        args_add(a, elsewhere);
    args_add(a, sealed);
}

size_t src_file_sandbox(const struct src_file_config *c, const char **ret_argv, size_t size)
{
    struct args args = {.n = 0};

    if (c->sandbox == SRC_FILE_SANDBOX_REQUIRED)
        add_sandbox(&args, c, NULL);
    CHECK(args.n <= size);
    memcpy(ret_argv, args.v, args.n * sizeof(*args.v));
    return args.n;
}

/* Protocols and formats are named one by one: a playlist must not make the decoder open other files. */
static void add_decoder(struct args *a, const struct src_file_config *c, const char *url)
{
    const char *const decoder[] = {
        c->ffmpeg,
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-loglevel",
        "info",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        "mov,mp3,wav,ogg,flac,aac,amr,matroska,webm",
        "-threads",
        "1",
        "-i",
        url,
        "-map",
        "0:a:0",
        "-vn",
        "-sn",
        "-dn",
        "-ac",
        "1",
        "-ar",
        "48000",
        "-f",
        PCM_FORMAT,
        "pipe:1",
        NULL,
    };

    args_add(a, decoder);
}

static enum err start_child(struct decoding *d, const char *path)
{
    const struct src_file_config *c = d->config;
    struct child_limits limits = {.cpu_s = c->timeout_ms / 1000 + 5, .memory_mb = c->memory_mb};
    struct args args = {.n = 0};
    char *real_path = realpath(path, NULL);
    char *url = NULL;
    enum err err = ERR_NOMEM;

    if (real_path == NULL)
        return err_set(d->detail, ERR_IO, "The file cannot be read (%s): send it again.",
                       strerror(errno));
    if (c->sandbox == SRC_FILE_SANDBOX_REQUIRED) {
        add_sandbox(&args, c, real_path);
        add_decoder(&args, c, "file:" INPUT_NAME);
    } else {
        if (asprintf(&url, "file:%s", real_path) < 0) {
            url = NULL;
            goto out;
        }
        add_decoder(&args, c, url);
    }
    err = child_start((char *const *)args.v, &limits, &d->child);
    if (err != ERR_OK)
        err_set(d->detail, err, "The decoder cannot be started (%s): try again later.",
                strerror(errno));

out:
    free(real_path);
    free(url);
    return err;
}

/* "  Duration: 00:01:02.34, start: ..." */
static int64_t parse_duration(const char *line)
{
    int h;
    int m;
    int s;
    int cs;

    if (sscanf(line, "  Duration: %d:%d:%d.%d,", &h, &m, &s, &cs) != 4 || h < 0 || h > 10000)
        return 0;
    return (((int64_t)h * 60 + m) * 60 + s) * 1000 + cs * 10;
}

static void judge_line(struct findings *f, const char *line)
{
    static const char *const not_sound[] = {
        "Invalid data found",
        "not on whitelist",
        "Format not on whitelist",
        "moov atom not found",
        "could not find codec parameters",
        "not allowed",
        "Unknown decoder",
    };

    if (f->declared_ms == 0 && strncmp(line, "  Duration: ", 12) == 0)
        f->declared_ms = parse_duration(line);
    if (strstr(line, "may be inaccurate") != NULL)
        f->estimated = true;
    if (strstr(line, "matches no streams") != NULL ||
        strstr(line, "does not contain any stream") != NULL)
        f->no_audio_stream = true;
    if (strncmp(line, "bwrap: ", 7) == 0)
        f->sandbox_failed = true;
    for (size_t i = 0; i < sizeof(not_sound) / sizeof(not_sound[0]); i++) {
        if (strstr(line, not_sound[i]) != NULL)
            f->not_sound = true;
    }
    /* The input could not be opened as any format. */
    if (strncmp(line, "file:", 5) == 0 && strstr(line, "No such file") == NULL &&
        strstr(line, "Permission denied") == NULL)
        f->not_sound = true;
    if (line[0] != ' ' && line[0] != '\0' && utf8_valid(line, strlen(line), false))
        snprintf(f->last, sizeof(f->last), "%s", line);
}

/* Cut messages into lines; what is longer than a line buffer is judged by its start. */
static void take_messages(struct decoding *d, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\n' && text[i] != '\r') {
            if (d->line_len + 1 < sizeof(d->line))
                d->line[d->line_len++] = text[i];
            continue;
        }
        d->line[d->line_len] = '\0';
        judge_line(&d->found, d->line);
        d->line_len = 0;
    }
}

static enum err store_pcm(struct decoding *d, const char *data, size_t len)
{
    uint64_t max = (uint64_t)d->config->duration_max_s * SAMPLE_RATE_HZ * sizeof(float);

    d->bytes += len;
    d->heard_ms = now_ms();
    if (d->bytes > max)
        return err_set(d->detail, ERR_LIMIT,
                       "The recording is longer than the %u minutes allowed: cut it into parts.",
                       d->config->duration_max_s / 60);
    while (len > 0) {
        ssize_t n = write(d->pcm_fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(d->detail, ERR_IO,
                           "The disk is full or cannot be written (%s): free some space, then "
                           "import the recording again.",
                           n < 0 ? strerror(errno) : "nothing written");
        data += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

/* Take what one of the two pipes holds. */
static enum err drain(struct decoding *d, int fd, bool is_sound, bool *ended)
{
    char data[PCM_BYTES];
    ssize_t n = read(fd, data, sizeof(data));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ERR_OK;
    if (n <= 0) {
        *ended = true;
        return ERR_OK;
    }
    if (is_sound)
        return store_pcm(d, data, (size_t)n);
    take_messages(d, data, (size_t)n);
    return ERR_OK;
}

static enum err check_time(struct decoding *d)
{
    int64_t now = now_ms();

    if (d->cancel != NULL && atomic_load(d->cancel))
        return err_set(d->detail, ERR_CANCELLED, "The import was cancelled.");
    if (now - d->started_ms > d->config->timeout_ms)
        return err_set(d->detail, ERR_TIMEOUT,
                       "Decoding took more than %u s and was stopped: convert the recording to MP3 "
                       "or WAV and send it again.",
                       d->config->timeout_ms / 1000);
    if (now - d->heard_ms > d->config->stall_ms)
        return err_set(d->detail, ERR_TIMEOUT,
                       "The decoder stopped answering and was ended: convert the recording to MP3 "
                       "or WAV and send it again.");
    return ERR_OK;
}

/* Until the child has closed both pipes and ended. */
static enum err pump(struct decoding *d)
{
    bool over = false;
    enum err err = ERR_OK;

    d->started_ms = d->heard_ms = now_ms();
    while (err == ERR_OK && !over) {
        struct pollfd fds[3] = {
            {.fd = d->out_ended ? -1 : d->child.out_fd, .events = POLLIN},
            {.fd = d->err_ended ? -1 : d->child.err_fd, .events = POLLIN},
            {.fd = d->out_ended && d->err_ended ? d->child.pid_fd : -1, .events = POLLIN},
        };

        if (poll(fds, 3, CANCEL_POLL_MS) < 0 && errno != EINTR)
            return err_set(d->detail, ERR_IO, "The decoder cannot be waited for (%s).",
                           strerror(errno));
        if (fds[0].revents != 0)
            err = drain(d, d->child.out_fd, true, &d->out_ended);
        if (err == ERR_OK && fds[1].revents != 0)
            err = drain(d, d->child.err_fd, false, &d->err_ended);
        if (err == ERR_OK)
            err = check_time(d);
        over = fds[2].revents != 0;
    }
    return err;
}

/* The child ended by itself with a failure: find the sentence for the person who sent the file. */
static enum err explain_failure(const struct decoding *d, int status)
{
    const struct findings *f = &d->found;
    /* bubblewrap passes on a signal as 128 + its number. */
    bool crashed = WIFSIGNALED(status) ||
                   (WIFEXITED(status) && WEXITSTATUS(status) > 128 && WEXITSTATUS(status) < 160);

    if (f->sandbox_failed)
        return err_set(d->detail, ERR_UNSUPPORTED,
                       "Recordings cannot be decoded safely, since the sandbox does not start "
                       "(%.80s): permit user namespaces, or set allow_unsandboxed = yes under "
                       "[audio] in the configuration.",
                       f->last);
    if (crashed)
        return err_set(d->detail, ERR_IO,
                       "The decoder crashed on this file: convert the recording to MP3 or WAV and "
                       "send it again.");
    if (f->no_audio_stream)
        return err_set(d->detail, ERR_FORMAT,
                       "There is no sound in this file: choose one with an audio track.");
    if (f->not_sound)
        return err_set(d->detail, ERR_FORMAT,
                       "This is not a sound file that can be read, or it is damaged: send %s.",
                       READABLE_KINDS);
    return err_set(d->detail, ERR_FORMAT,
                   "The recording cannot be decoded (%s): convert it to MP3 or WAV and send it "
                   "again.",
                   f->last[0] != '\0' ? f->last : "the decoder gave no reason");
}

/* A file that says how long it is and holds less was cut off on its way. */
static enum err judge_length(const struct decoding *d)
{
    int64_t got_ms = (int64_t)(d->bytes / sizeof(float) * 1000 / SAMPLE_RATE_HZ);
    int64_t declared_ms = d->found.estimated ? 0 : d->found.declared_ms;

    if (got_ms + 500 + declared_ms / 100 < declared_ms)
        return err_set(d->detail, ERR_FORMAT,
                       "The recording is cut short: %.1f of its %.1f seconds are there; send it "
                       "again.",
                       (double)got_ms / 1000, (double)declared_ms / 1000);
    if (d->bytes == 0)
        return err_set(d->detail, ERR_FORMAT,
                       "There is no sound in this file: choose one with an audio track.");
    if (got_ms < (int64_t)d->config->duration_min_ms)
        return err_set(d->detail, ERR_LIMIT,
                       "The recording has only %lld ms: at least %u ms are needed.",
                       (long long)got_ms, d->config->duration_min_ms);
    return ERR_OK;
}

enum err src_file_decode(const struct src_file_config *c, const char *path, int pcm_fd,
                         const atomic_bool *cancel, uint64_t *ret_samples,
                         struct err_detail *detail)
{
    struct decoding d = {.config = c, .cancel = cancel, .detail = detail, .pcm_fd = pcm_fd};
    int status;
    enum err err = check_input(c, path, detail);

    if (err == ERR_OK)
        err = src_file_check_programs(c, detail);
    if (err == ERR_OK)
        err = start_child(&d, path);
    if (err != ERR_OK)
        return err;
    err = pump(&d);
    take_messages(&d, "\n", 1);
    status = child_end(&d.child);
    if (err == ERR_OK && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        err = explain_failure(&d, status);
    if (err == ERR_OK)
        err = judge_length(&d);
    if (err == ERR_OK)
        *ret_samples = d.bytes / sizeof(float);
    return err;
}
