// SPDX-License-Identifier: Apache-2.0
// The C interface: a stack with devices, sockets, readiness and timers, on the caller's own loop.
#ifndef STRATA_STRATA_H
#define STRATA_STRATA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one interface of Strata whose binary form stays: libstrata.so.0 exports these names alone.
 * For C99 and later.
 *
 *   strata_stack *stack;
 *   if (strata_stack_create(NULL, &stack) != 0) return 1;
 *   strata_attach(stack, "tap:strata0,host=10.77.0.1/24", "10.77.0.2/24");
 *   int listener = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
 *   strata_bind(stack, listener, "10.77.0.2", 7);
 *   strata_listen(stack, listener, 16);
 *   for (;;) {
 *     strata_event events[8];
 *     int count = strata_wait(stack, events, 8, -1);
 *     ...
 *   }
 *
 * Rules:
 * 1. Every call answers at once, but for strata_wait(), which sleeps until something happens. A
 *    result below zero is minus an errno of this system: -EAGAIN says try again after an event.
 * 2. A stack and all that belongs to it are used by one thread at a time. Several stacks may be
 *    used by several threads.
 * 3. Structures carry their size in the first field, set by the caller: STRATA_INIT does. Newer
 *    versions append fields, and both sides read and write only what both know.
 * 4. Addresses are text ("10.0.0.1", "fe80::1%2"), ports are in host order. Behind the % of a
 *    link-local address stands its interface, by number (the zone of a strata_address) or name.
 * 5. -EINVAL: an argument makes no sense, a NULL where something is needed among them. -EBADF: the
 *    stack has no such socket, or has it no more. A stack has up to 4096 sockets (-EMFILE). */

/* 2: names, timers and sockets beyond TCP and UDP; strata_get_option(), strata_add_address().
 * 3: DHCP; interfaces without an address. */
#define STRATA_API_VERSION 3

/* The version of the library, which is at least that of the header a program was compiled with. */
uint32_t strata_api_version(void);
/* "0.1.0"; static. */
const char* strata_version(void);
/* What a result below zero means, in plain words; static. */
const char* strata_error_text(int64_t result);

/* strata_options options = STRATA_INIT(strata_options); */
#ifdef __cplusplus
#define STRATA_INIT(type)     \
  ([] {                       \
    type made{};              \
    made.size = sizeof(type); \
    return made;              \
  }())
#else
#define STRATA_INIT(type) {.size = sizeof(type)}
#endif

/* ---- Stacks ---------------------------------------------------------------------------------- */

typedef struct strata_stack strata_stack;

typedef struct strata_options {
  size_t size;
  uint64_t seed;       /* 0: the operating system's chance */
  uint32_t is_virtual; /* 1: the clock begins at 0 and jumps, see strata_wait() */
  uint32_t packets;    /* buffers of 2 KiB; 0: 8192 */
} strata_options;

/* `options` may be NULL. */
int strata_stack_create(const strata_options* options, strata_stack** out);
/* Sockets, timers and devices go with it. NULL is allowed. */
void strata_stack_destroy(strata_stack* stack);

/* Attaches a device and gives its interface an address ("10.77.0.2/24"), which can be used at once.
 * `device` is a specification as on the command line: "tap:NAME,...", "pcap:FILE", "null:NAME".
 * `address` NULL: none yet, see strata_start_dhcp() and strata_add_address(). */
int strata_attach(strata_stack* stack, const char* device, const char* address);
/* Joins two stacks by a link in memory; both are real or both are virtual. Virtual ones have one
 * clock from now on, the later of the two. One thread must use both; the link ends with the first
 * of them. Addresses are as those of strata_attach(). */
int strata_join(strata_stack* a, const char* address_a, strata_stack* b, const char* address_b);
/* Why strata_attach(), strata_join() or strata_start_dhcp() failed last, or which device has
 * vanished since, in a sentence; valid until the next call. */
const char* strata_failure(const strata_stack* stack);
/* A further address of an interface; the interfaces are "eth0", "eth1" and so on in the order in
 * which devices were attached and stacks joined. */
int strata_add_address(strata_stack* stack, const char* interface, const char* address);
/* A default route of the gateway's family. */
int strata_add_gateway(strata_stack* stack, const char* gateway);

/* ---- Sockets --------------------------------------------------------------------------------- */

/* STRATA_PING: ICMP echo. What is sent is a request with its header, whose identifier and checksum
 * are filled in; what is received are the replies to it. */
enum { STRATA_TCP = 1, STRATA_UDP = 2, STRATA_PING = 3 };
enum { STRATA_IPV4 = 4, STRATA_IPV6 = 6 };
enum { STRATA_SHUT_READ = 0, STRATA_SHUT_WRITE = 1, STRATA_SHUT_BOTH = 2 };

typedef struct strata_address {
  size_t size;
  uint16_t port;
  uint16_t zone; /* which interface, for link-local addresses */
  char text[48];
} strata_address;

/* A socket: a number of its stack, from 1. It never blocks. */
int strata_socket(strata_stack* stack, int kind, int family);
/* All packets of an IP protocol, read and written with strata_receive_from() and strata_send_to();
 * of IPv4 what is read begins with the IP header, as raw(7) says. */
int strata_raw_socket(strata_stack* stack, int family, int protocol);
/* Does not wait: what was written still goes, also where SO_LINGER gives it a time; with a time of
 * 0 the peer hears a reset. The next socket may get the same number, which events that were told
 * before do not mean. */
int strata_close(strata_stack* stack, int socket);
/* `address` NULL: any. Port 0: one that is free. */
int strata_bind(strata_stack* stack, int socket, const char* address, uint16_t port);
int strata_listen(strata_stack* stack, int socket, int backlog);
/* A new socket. */
int strata_accept(strata_stack* stack, int socket);
/* TCP: -EINPROGRESS, then STRATA_WRITABLE, and strata_take_error() says how it went. */
int strata_connect(strata_stack* stack, int socket, const char* address, uint16_t port);
int strata_take_error(strata_stack* stack, int socket);
/* How many bytes; reading 0 is the end of the stream. */
int64_t strata_read(strata_stack* stack, int socket, void* buffer, size_t size);
int64_t strata_write(strata_stack* stack, int socket, const void* bytes, size_t size);
/* Datagrams; `source` may be NULL. It is empty for a stream. */
int64_t strata_receive_from(strata_stack* stack, int socket, void* buffer, size_t size,
                            strata_address* source);
int64_t strata_send_to(strata_stack* stack, int socket, const void* bytes, size_t size,
                       const char* address, uint16_t port);
int strata_shutdown(strata_stack* stack, int socket, int how);
int strata_local_address(strata_stack* stack, int socket, strata_address* out);
int strata_remote_address(strata_stack* stack, int socket, strata_address* out);
/* Options by the numbers and values of this system's setsockopt(2). */
int strata_set_option(strata_stack* stack, int socket, int level, int name, const void* value,
                      size_t size);

/* How many bytes were filled in. */
int64_t strata_get_option(strata_stack* stack, int socket, int level, int name, void* value,
                          size_t size);

/* ---- Readiness and timers -------------------------------------------------------------------- */

enum {
  STRATA_READABLE = 1,
  STRATA_WRITABLE = 2,
  STRATA_FAILED = 4,
  STRATA_ENDED = 8, /* the peer sends no more */
  STRATA_TIMER = 16,
  STRATA_RESOLVED = 32,
  STRATA_LEASE = 64
};

typedef struct strata_event {
  uint32_t what;  /* of the above */
  int32_t socket; /* 0 for timers, names and leases */
  uint64_t data;  /* as given to strata_watch(), strata_start_timer(), strata_resolve() or
                     strata_start_dhcp() */
} strata_event;

/* Which events of a socket strata_wait() tells; 0: none. They are told as long as they last;
 * STRATA_FAILED also unasked, and STRATA_ENDED to who watches STRATA_READABLE, or once our side has
 * ended, too. */
int strata_watch(strata_stack* stack, int socket, uint32_t what, uint64_t data);
/* It costs what there is to tell, however many sockets are watched, and those that are told
 * first this time are told last next time. Lets the stack work until there are events, but no
 * longer than so many milliseconds (-1: without end, 0: without sleeping). Answers how many were
 * filled in. Stacks that were joined work too. A virtual stack does not sleep: its clock jumps to
 * the next thing that is due, or by the time-out; it answers 0 at once when nothing will ever be
 * due. A signal that the program handles ends the sleep: then, too, it answers 0. */
int strata_wait(strata_stack* stack, strata_event* events, int count, int timeout_ms);
/* For loops of others: a descriptor that is readable when strata_wait(..., 0) is due, and after how
 * many milliseconds it is due at the latest; -1: there is none, never. Ask for the time anew after
 * every call. Stacks that were joined have a descriptor each. */
int strata_descriptor(strata_stack* stack);
int strata_timeout_ms(strata_stack* stack);

/* The timer's number, above zero. It fires once. */
int64_t strata_start_timer(strata_stack* stack, uint64_t after_ns, uint64_t data);
/* From here on STRATA_TIMER is not told of it. -ENOENT: that has been told, or there is no such
 * timer. */
int strata_cancel_timer(strata_stack* stack, int64_t timer);
/* Nanoseconds on the stack's clock. */
uint64_t strata_now(strata_stack* stack);

/* ---- Names ----------------------------------------------------------------------------------- */

/* Which servers are asked: the text of a resolv.conf(5) (nameserver, search, options ndots,
 * timeout, attempts, rotate) and of a hosts file; NULL is an empty one. Without a server those that
 * routers advertise are asked. */
int strata_set_names(strata_stack* stack, const char* resolv_conf, const char* hosts);
/* What getaddrinfo(3) is elsewhere, without waiting: asks for the addresses of a name, of a family
 * or of both (0). The number of the question, above zero; STRATA_RESOLVED tells that it is
 * answered. An address as text is its own answer. */
int64_t strata_resolve(strata_stack* stack, const char* name, int family, uint64_t data);
/* The answer: fills in as many addresses as there is room for, in the order in which to try them
 * (RFC 6724), and tells how many there are. addresses[0].size, set by the caller, is the size of
 * each of them in the array. -EINPROGRESS: there is none yet; -ENOENT: no such name, or no address
 * of that family; -ETIMEDOUT: no server could say; -ENETUNREACH: no server is known; -EBADF: no
 * such question. */
int strata_addresses(strata_stack* stack, int64_t question, strata_address* addresses, int count);
/* Forgets a question, answered or not: each must be ended once. STRATA_RESOLVED is not told of it
 * from here on. */
int strata_end_question(strata_stack* stack, int64_t question);

/* ---- DHCP ------------------------------------------------------------------------------------ */

/* Asks the network of an interface for an IPv4 address, a gateway and name servers (RFC 2131), and
 * asks again in time. STRATA_LEASE tells, with `data`, that there is an address, another one, or
 * none any more. -EEXIST: it is asking already; -EOPNOTSUPP: the device is no Ethernet. */
int strata_start_dhcp(strata_stack* stack, const char* interface, uint64_t data);
/* That address. -EINPROGRESS: there is none; -ENOENT: nobody asked for one. */
int strata_leased_address(strata_stack* stack, const char* interface, strata_address* out);
/* Gives the address back, as the end of the stack does. STRATA_LEASE is not told of it. Where that
 * must ask for the server's link-layer address first, the address stays until strata_wait() has
 * seen to it, 4 seconds at most; the end of a real stack takes 200 ms for it at most. */
int strata_stop_dhcp(strata_stack* stack, const char* interface);

/* ---- Statistics ------------------------------------------------------------------------------ */

typedef struct strata_counters {
  size_t size;
  uint64_t ipv4_received, ipv4_sent, ipv6_received, ipv6_sent;
  uint64_t tcp_received, tcp_sent, udp_received, udp_sent;
  uint64_t icmp_received, icmp_sent;
  uint64_t dropped; /* for whatever reason */
} strata_counters;

int strata_read_counters(strata_stack* stack, strata_counters* out);

#ifdef __cplusplus
}
#endif

#endif
