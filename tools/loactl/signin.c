#include "signin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_SERVER "https://localhost:8443"
#define LOCAL_CA "/var/lib/loa/pki/ca.crt"

static void from_env(const char *name, char *ret_text, size_t size, const char *otherwise)
{
    const char *value = getenv(name);

    snprintf(ret_text, size, "%s", value != NULL ? value : otherwise);
}

void signin_defaults(struct call_settings *ret_settings)
{
    char usual[512];
    const char *home = getenv("HOME");

    *ret_settings = (struct call_settings){0};
    snprintf(usual, sizeof(usual), "%.400s/.config/loactl", home != NULL ? home : ".");
    from_env("LOACTL_SERVER", ret_settings->server, sizeof(ret_settings->server), "");
    from_env("LOACTL_CA", ret_settings->ca, sizeof(ret_settings->ca), "");
    from_env("LOACTL_STATE", ret_settings->state_dir, sizeof(ret_settings->state_dir), usual);
}

static void state_path(const struct call_settings *s, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/session", s->state_dir);
}

/* One value a line: server, CA file, token. */
static void read_line(FILE *file, char *ret_text, size_t size)
{
    char line[600];

    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        return;
    line[strcspn(line, "\n")] = '\0';
    if (ret_text[0] == '\0')
        snprintf(ret_text, size, "%s", line);
}

void signin_load(struct call_settings *settings)
{
    char path[600];
    FILE *file;

    state_path(settings, path, sizeof(path));
    file = fopen(path, "re");
    read_line(file, settings->server, sizeof(settings->server));
    read_line(file, settings->ca, sizeof(settings->ca));
    read_line(file, settings->token, sizeof(settings->token));
    if (file != NULL)
        fclose(file);
    if (settings->server[0] == '\0')
        snprintf(settings->server, sizeof(settings->server), "%s", DEFAULT_SERVER);
    if (settings->ca[0] == '\0' && access(LOCAL_CA, R_OK) == 0)
        snprintf(settings->ca, sizeof(settings->ca), "%s", LOCAL_CA);
}

static bool make_dirs(const char *path)
{
    char part[512];

    for (size_t i = 1; path[i - 1] != '\0'; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof(part), "%.*s", (int)i, path);
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return false;
        if (path[i] == '\0')
            break;
    }
    return true;
}

bool signin_save(const struct call_settings *settings, const char *token)
{
    char path[600];
    char text[PATH_MAX + 1200];
    char *ca = settings->ca[0] != '\0' ? realpath(settings->ca, NULL) : NULL;
    int fd;
    int len;
    bool ok;

    state_path(settings, path, sizeof(path));
    /* The next command may be run in another folder. */
    len = snprintf(text, sizeof(text), "%s\n%s\n%s\n", settings->server,
                   ca != NULL ? ca : settings->ca, token);
    free(ca);
    fd = make_dirs(settings->state_dir)
             ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
             : -1;
    ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text, (size_t)len) == len;
    if (!ok)
        call_refuse("%s cannot be written (%s); set LOACTL_STATE to a folder of yours", path,
                    strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

void signin_forget(const struct call_settings *settings)
{
    char path[600];

    state_path(settings, path, sizeof(path));
    unlink(path);
}

bool signin_password(const struct call *call, const char *prompt, char *ret_text, size_t size)
{
    bool hidden = !call_flag(call, "password-stdin");
    struct termios before;
    bool got;

    if (hidden && (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)) {
        call_refuse("there is no terminal to ask for the password; use --password-stdin");
        return false;
    }
    if (hidden) {
        struct termios quiet = before;

        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fputs(prompt, stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    got = fgets(ret_text, (int)size, stdin) != NULL;
    if (hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (!got) {
        call_refuse("no password was given");
        return false;
    }
    ret_text[strcspn(ret_text, "\r\n")] = '\0';
    return true;
}
