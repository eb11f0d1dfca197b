#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 64

/* Everything from here to exec runs in a copy of a multi-threaded process: system calls only. */
static void limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit r = {.rlim_cur = value, .rlim_max = value};

    setrlimit(resource, &r);
}

static void reset_signals(void)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void become(char *const argv[], const struct child_limits *limits, int in_fd,
                             int out_fd, int err_fd)
{
    static char path[] = "PATH=/usr/bin:/bin";
    static char locale[] = "LC_ALL=C";
    char *const env[] = {path, locale, NULL};

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* No RLIMIT_NPROC: it counts all processes of our user, so it would hit by chance. */
    limit(RLIMIT_CPU, limits->cpu_s);
    limit(RLIMIT_AS, (rlim_t)limits->memory_mb * 1024 * 1024);
    limit(RLIMIT_FSIZE, (rlim_t)limits->file_mb * 1024 * 1024);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
    if (dup2(in_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0)
        _exit(126);
    close_range(3, ~0U, 0);
    reset_signals();
    execve(argv[0], argv, env);
    _exit(127);
}

static void close_pair(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

/* A descriptor that is 0, 1 or 2 would be overwritten by the dup2() calls of the child. */
static int above_standard(int fd)
{
    int copy;

    if (fd < 0 || fd > 2)
        return fd;
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return copy;
}

/* `ours` is the end that does not block. */
static enum err open_pipe(int fds[2], int ours)
{
    if (pipe2(fds, O_CLOEXEC) != 0) {
        fds[0] = fds[1] = -1;
        return ERR_IO;
    }
    fds[0] = above_standard(fds[0]);
    fds[1] = above_standard(fds[1]);
    if (fds[0] < 0 || fds[1] < 0 || fcntl(fds[ours], F_SETFL, O_NONBLOCK) != 0)
        return ERR_IO;
    return ERR_OK;
}

enum err child_start(char *const argv[], const struct child_limits *limits, struct child *ret_child)
{
    struct child c = {.pid_fd = -1, .in_fd = -1};
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    int errs[2] = {-1, -1};
    enum err err = ERR_IO;

    if (limits->has_input) {
        if (open_pipe(in, 1) != ERR_OK)
            goto out;
    } else {
        in[0] = above_standard(open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    if (in[0] < 0 || open_pipe(out, 0) != ERR_OK || open_pipe(errs, 0) != ERR_OK)
        goto out;
    c.pid = fork();
    if (c.pid < 0)
        goto out;
    if (c.pid == 0)
        become(argv, limits, in[0], out[1], errs[1]);
    setpgid(c.pid, c.pid); /* whoever comes first */
    c.pid_fd = pidfd_open(c.pid, 0);
    c.out_fd = out[0];
    c.err_fd = errs[0];
    c.in_fd = in[1];
    out[0] = errs[0] = in[1] = -1;
    if (c.pid_fd < 0) {
        child_end(&c);
        goto out;
    }
    *ret_child = c;
    err = ERR_OK;

out:
    close_pair(in);
    close_pair(out);
    close_pair(errs);
    return err;
}

int child_end(struct child *c)
{
    int status = 0;

    if (c->pid <= 0)
        return 0;
    /* Not reaped yet, so neither the id nor the group can have gone to somebody else. */
    kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    close(c->out_fd);
    close(c->err_fd);
    if (c->in_fd >= 0)
        close(c->in_fd);
    if (c->pid_fd >= 0)
        close(c->pid_fd);
    memset(c, 0, sizeof(*c));
    return status;
}
