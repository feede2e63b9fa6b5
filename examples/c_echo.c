/* SPDX-License-Identifier: Apache-2.0
 * A TCP echo server in C99, beside whatever else a poll(2) loop of one's own looks after.
 * Usage: c_echo [DEVICE ADDRESS/LENGTH], such as: c_echo tap:strata0,host=10.77.0.1/24 10.77.0.2/24
 * With a device it serves port 7 until Ctrl-C; without one it also plays its own client. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "strata/strata.h"

enum { kPort = 7, kSockets = 4097 };

/* Text that a peer sends faster than it reads waits here: one buffer a connection. */
typedef struct client {
  size_t begin, end;
  char text[1024];
} client;

static client clients[kSockets]; /* by the number of their socket */

static int fail(const char *what, int64_t result) {
  fprintf(stderr, "c_echo: %s: %s\n", what, strata_error_text(result));
  return 1;
}

static void accept_all(strata_stack *stack, int listener) {
  int socket;
  while ((socket = strata_accept(stack, listener)) > 0) {
    clients[socket].begin = clients[socket].end = 0;
    strata_watch(stack, socket, STRATA_READABLE, 0);
  }
}

/* Reads only when all that was read has been sent: a peer that does not read is not read from. */
static void serve(strata_stack *stack, int socket) {
  client *one = &clients[socket];
  int64_t count;
  for (;;) {
    while (one->begin < one->end) {
      count = strata_write(stack, socket, one->text + one->begin, one->end - one->begin);
      if (count == -EAGAIN) {
        strata_watch(stack, socket, STRATA_WRITABLE, 0);
        return;
      }
      if (count < 0) break;
      one->begin += (size_t)count;
    }
    count = strata_read(stack, socket, one->text, sizeof one->text);
    if (count == -EAGAIN) {
      strata_watch(stack, socket, STRATA_READABLE, 0);
      return;
    }
    if (count <= 0) break; /* the end, or a reset */
    one->begin = 0;
    one->end = (size_t)count;
  }
  strata_close(stack, socket);
}

static void work(strata_stack *stack, int listener, int timeout_ms) {
  strata_event events[64];
  int i, count = strata_wait(stack, events, 64, timeout_ms);
  for (i = 0; i < count; ++i) {
    if (events[i].socket == listener) {
      accept_all(stack, listener);
    } else {
      serve(stack, events[i].socket);
    }
  }
}

/* One turn of the program's own loop: other descriptors would stand beside this one. */
static void turn(strata_stack *stack, int listener) {
  struct pollfd ours = {strata_descriptor(stack), POLLIN, 0};
  if (poll(&ours, 1, strata_timeout_ms(stack)) >= 0) work(stack, listener, 0);
}

/* The other end, where no device is named: says hello, and wants to hear it again. */
static int play(strata_stack *server, int listener) {
  static const char kHello[] = "hello from C";
  char heard[sizeof kHello] = "";
  size_t sent = 0, got = 0;
  strata_stack *stack;
  int socket, turns, result = strata_stack_create(NULL, &stack);
  if (result != 0) return fail("a second stack", result);
  result = strata_join(server, "10.77.0.2/24", stack, "10.77.0.1/24");
  if (result != 0) return fail(strata_failure(server), result);
  socket = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
  strata_connect(stack, socket, "10.77.0.2", kPort);
  for (turns = 0; turns < 10000 && got < sizeof kHello; ++turns) {
    int64_t count = strata_write(stack, socket, kHello + sent, sizeof kHello - sent);
    if (count > 0) sent += (size_t)count;
    count = strata_read(stack, socket, heard + got, sizeof heard - got);
    if (count > 0) got += (size_t)count;
    work(server, listener, 1); /* for both: stacks that were joined work together */
  }
  strata_stack_destroy(stack);
  printf("%s\n", heard);
  return strcmp(heard, kHello) == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  strata_stack *stack;
  int listener, result = strata_stack_create(NULL, &stack);
  if (result != 0) return fail("a stack", result);
  if (argc > 2 && (result = strata_attach(stack, argv[1], argv[2])) != 0) {
    return fail(strata_failure(stack), result);
  }
  listener = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
  if ((result = strata_bind(stack, listener, NULL, kPort)) != 0) return fail("bind", result);
  if ((result = strata_listen(stack, listener, 128)) != 0) return fail("listen", result);
  strata_watch(stack, listener, STRATA_READABLE, 0);
  while (argc > 2) turn(stack, listener);
  result = play(stack, listener);
  strata_stack_destroy(stack);
  return result;
}
