/*
 * The small programs that the benchmark runs under each init, in C because a
 * service that takes a millisecond to start would hide what its supervisor
 * costs. worker.go has the same verbs for machines without a C compiler.
 *
 * Reports go to the FIFO that BENCH_REPORT names: "word pid nanoseconds\n" by
 * CLOCK_MONOTONIC, which all PID namespaces share. One write of less than
 * PIPE_BUF is never mixed with another (pipe(7)).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 120, PAGE = 64 * 1024 };

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int report_fd = -1;

static void report(const char *word, long long at)
{
	char text[96];
	int n = snprintf(text, sizeof text, "%s %d %lld\n", word, getpid(), at);
	if (report_fd < 0)
		report_fd = open(getenv("BENCH_REPORT"), O_WRONLY | O_CLOEXEC);
	if (write(report_fd, text, n) != n)
		_exit(111);
}

/* block keeps sig pending until await or sigwaitinfo takes it. */
static sigset_t block(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

static void await(int sig)
{
	sigset_t set = block(sig);
	while (sigwaitinfo(&set, NULL) < 0)
		;
}

/* enter FD MODE PROGRAM...: furnish the box, tell the time to FD, become PROGRAM. */
static int enter(char **argv)
{
	int fd = atoi(argv[2]);
	long long at;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (strcmp(argv[3], "box") == 0) {
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", "/proc", "proc", 0, NULL) < 0 ||
		    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
			goto fail;
	}
	at = now();
	if (write(fd, &at, sizeof at) != sizeof at)
		_exit(111);
	execv(argv[4], argv + 4);
fail:
	at = -errno;
	_exit(write(fd, &at, sizeof at) == sizeof at ? 111 : 112);
}

/* service: report, idle, and end at TERM at once. */
static int service(void)
{
	block(SIGTERM);
	report("start", now());
	await(SIGTERM);
	return 0;
}

/* ending: as service, but it needs so many milliseconds to end. */
static int ending(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	service();
	while (nanosleep(&t, &t) < 0)
		;
	return 0;
}

/* stamp: report the moment at which each USR1 arrives. */
static void stamp(void)
{
	sigset_t set = block(SIGUSR1);
	report("start", now());
	for (;;) {
		if (sigwaitinfo(&set, NULL) == SIGUSR1)
			report("got", now());
	}
}

/* batch makes n orphans at once and returns when all of them have died: before
 * their parent (the init inherits n zombies together), or after it, one by one. */
static void batch(int n, int before)
{
	int go[2], gone[2];
	char c;

	if (pipe(go) < 0 || pipe(gone) < 0)
		_exit(111);
	if (fork() == 0) {
		close(go[1]);
		while (n-- > 0) {
			pid_t pid = fork();
			if (pid < 0)
				_exit(111);
			if (pid == 0)
				_exit(before ? 0 : read(go[0], &c, 1) < 0);
		}
		close(gone[1]);
		_exit(before ? read(gone[0], &c, 1) < 0 : 0);
	}
	close(gone[1]); /* only the children keep it open: its end is theirs */
	wait(NULL);
	close(go[0]);
	close(go[1]);
	while (read(gone[0], &c, 1) < 0)
		;
	close(gone[0]);
}

/* storm TOTAL BATCH before|after: TOTAL orphans, BATCH at a time. */
static int storm(int total, int at_a_time, int before)
{
	report("start", now());
	usleep(300 * 1000); /* in which the benchmark notes the init's CPU time */
	report("go", now());
	for (int done = 0; done < total; done += at_a_time)
		batch(at_a_time, before);
	report("done", now());
	await(SIGTERM);
	return 0;
}

/* put writes all of buf, whatever the pipe takes at once. */
static void put(const char *buf, size_t n)
{
	while (n > 0) {
		ssize_t w = write(1, buf, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			_exit(1);
		buf += w;
		n -= w;
	}
}

static void number(char *to, int digits, long long n)
{
	while (digits-- > 0) {
		to[digits] = '0' + n % 10;
		n /= 10;
	}
}

/* lines COUNT ID: COUNT lines of 120 bytes, newline included; 0 is without end.
 * They go out 64 KiB at a time, so that lines are torn between writes. */
static int lines(long long count, int id)
{
	static char page[PAGE + LINE];
	size_t used = 0;
	char line[LINE + 1];

	signal(SIGTERM, SIG_DFL);
	memset(line, 'x', LINE);
	memcpy(line, "id=000 seq=0000000000 ", 22);
	number(line + 3, 3, id);
	line[LINE - 2] = '.';
	line[LINE - 1] = '\n';
	report("start", now());
	for (long long i = 0; count == 0 || i < count; i++) {
		number(line + 11, 10, i);
		memcpy(page + used, line, LINE);
		used += LINE;
		if (used >= PAGE) {
			put(page, PAGE);
			used -= PAGE;
			memmove(page, page + PAGE, used);
		}
	}
	put(page, used);
	report("done", now());
	return 0;
}

/* spawn COUNT PROGRAM: print the nanoseconds of each fork, exec, exit and wait. */
static int spawn(int count, char **program)
{
	while (count-- > 0) {
		long long from = now();
		pid_t pid = fork();
		if (pid < 0)
			return 111;
		if (pid == 0) {
			execv(program[0], program);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
		printf("%lld\n", now() - from);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const char *verb = argc > 1 ? argv[1] : "";

	/* s6 and runit start a file named "run", without arguments. */
	if (strcmp(name ? name + 1 : argv[0], "run") == 0)
		return service();
	if (strcmp(verb, "enter") == 0 && argc > 4)
		return enter(argv);
	if (strcmp(verb, "service") == 0)
		return service();
	if (strcmp(verb, "ending") == 0 && argc == 3)
		return ending(atoi(argv[2]));
	if (strcmp(verb, "stamp") == 0)
		stamp();
	if (strcmp(verb, "storm") == 0 && argc == 5)
		return storm(atoi(argv[2]), atoi(argv[3]), strcmp(argv[4], "before") == 0);
	if (strcmp(verb, "lines") == 0 && argc == 4)
		return lines(atoll(argv[2]), atoi(argv[3]));
	if (strcmp(verb, "spawn") == 0 && argc > 3)
		return spawn(atoi(argv[2]), argv + 3);
	fprintf(stderr, "worker: unknown verb \"%s\"\n", verb);
	return 64;
}
