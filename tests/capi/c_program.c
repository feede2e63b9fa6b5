/* SPDX-License-Identifier: Apache-2.0
 * The C interface used from C: an echo over a link in memory, in virtual time. */
#include "strata/strata.h"

#include <stdio.h>
#include <string.h>

#define REQUIRE(condition)                                         \
  do {                                                             \
    if (!(condition)) {                                            \
      printf("line %d: %s does not hold\n", __LINE__, #condition); \
      return 1;                                                    \
    }                                                              \
  } while (0)

/* Until the socket has an event; how many other events came before it does not matter. */
static uint32_t wait_for(strata_stack *stack, int socket) {
  strata_event events[4];
  int count, i, round;
  for (round = 0; round < 100; ++round) {
    count = strata_wait(stack, events, 4, 1000);
    for (i = 0; i < count; ++i) {
      if (events[i].socket == socket) return events[i].what;
    }
  }
  return 0;
}

int main(void) {
  strata_options options = STRATA_INIT(strata_options);
  strata_address address = STRATA_INIT(strata_address);
  strata_counters counters = STRATA_INIT(strata_counters);
  strata_stack *server, *client;
  char text[16];
  int listener, accepted, asking;

  REQUIRE(strata_api_version() == STRATA_API_VERSION);
  options.seed = 1;
  options.is_virtual = 1;
  REQUIRE(strata_stack_create(&options, &server) == 0);
  REQUIRE(strata_stack_create(&options, &client) == 0);
  REQUIRE(strata_join(server, "10.0.0.1/24", client, "10.0.0.2/24") == 0);

  listener = strata_socket(server, STRATA_TCP, STRATA_IPV4);
  REQUIRE(strata_bind(server, listener, "10.0.0.1", 7) == 0);
  REQUIRE(strata_listen(server, listener, 4) == 0);
  REQUIRE(strata_watch(server, listener, STRATA_READABLE, 0) == 0);
  asking = strata_socket(client, STRATA_TCP, STRATA_IPV4);
  REQUIRE(strata_connect(client, asking, "10.0.0.1", 7) < 0);
  REQUIRE(strata_watch(client, asking, STRATA_WRITABLE, 0) == 0);
  REQUIRE((wait_for(client, asking) & STRATA_WRITABLE) != 0);
  REQUIRE(strata_take_error(client, asking) == 0);

  REQUIRE((wait_for(server, listener) & STRATA_READABLE) != 0);
  accepted = strata_accept(server, listener);
  REQUIRE(accepted > 0);
  REQUIRE(strata_remote_address(server, accepted, &address) == 0);
  REQUIRE(strcmp(address.text, "10.0.0.2") == 0);

  REQUIRE(strata_write(client, asking, "hello", 5) == 5);
  REQUIRE(strata_watch(server, accepted, STRATA_READABLE, 0) == 0);
  REQUIRE((wait_for(server, accepted) & STRATA_READABLE) != 0);
  REQUIRE(strata_read(server, accepted, text, sizeof(text)) == 5);
  REQUIRE(strata_write(server, accepted, text, 5) == 5);
  REQUIRE(strata_watch(client, asking, STRATA_READABLE, 0) == 0);
  REQUIRE((wait_for(client, asking) & STRATA_READABLE) != 0);
  REQUIRE(strata_read(client, asking, text, sizeof(text)) == 5);
  REQUIRE(memcmp(text, "hello", 5) == 0);

  REQUIRE(strata_read_counters(client, &counters) == 0);
  REQUIRE(counters.tcp_sent >= 3);
  strata_stack_destroy(server);
  strata_stack_destroy(client);
  printf("hello\n");
  return 0;
}
