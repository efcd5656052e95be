/* An HTTP server for unit tests of a client, with the answers that servers should not give.
 * A child, one more child a connection. The path says what it answers:
 *   /echo       the request itself, and on which connection it came
 *   /bytes/N    N bytes with a length     /endless   bytes without an end
 *   /status/N   this status               /moved     a redirect to /echo
 *   /headers    a header that comes twice
 *   /hang       nothing                   /close     nothing, and hangs up
 *   /drip       a byte now and then       /flood     headers without an end
 *   /gzip       "text" packed, unasked  /false-gzip  "text" that is said to be packed
 *   /short      fewer bytes than it says  /garbage   no HTTP */
#ifndef TEST_ODD_SERVER_H
#define TEST_ODD_SERVER_H

extern int odd_server_port; /* on loopback */

/* A group's setup and teardown. */
int odd_server_start(void **state);
int odd_server_stop(void **state);

#endif
