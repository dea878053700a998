/* turn_api.h: what is said on the TURN server's api socket (JSON-RPC, link.h).
 *
 * TURN listens, signaling dials. All is about the user names of time-limited credentials,
 * "<expiry in Unix seconds>:<anything>" (turn_names.h): one for each participant. A message names
 * at most TURN_API_NAMES_MAX of them, each of at most TURN_NAME_MAX bytes; more go in parts.
 * What is behind the colon, of letters and digits, is the id by which all daemons' logs name the
 * participant's join.
 *
 * Requests                                                             results
 *   hello        {client: "signaling", instance}                       {node, instance, sha256}
 *                    instance: random, new with each start of the process that says it.
 *                    Must come first; it takes the place of the signaling daemon before it.
 *                    sha256: USERHASH is on, so that names are found by their hash (RFC 8489
 *                    section 14.4), of those alone that "issued" has told.
 *   issued       {usernames: [..]}                                     {}
 *                    Participants have these. May be said again.
 *   synced       {}                                                    {revoked}
 *                    All names that are valid have been said in "issued" since hello. Those that
 *                    only an earlier link had named belong to participants of whom nobody told the
 *                    end: they are revoked. revoked: how many.
 *   revoke       {usernames: [..]}                                     {users: [usage, ..]}
 *                    The credentials are dead from now on, also after a loss of the link, until
 *                    their own expiry; TURN does not remember them over its own restart. Answered
 *                    when the allocations made with them have ended, with the last count of those
 *                    users that had any, which is forgotten then. A name that is over, or was
 *                    revoked before, is no error.
 *   usage        {usernames: [..]} or {from?}                          {users: [usage, ..], next?}
 *                    Of these, or of all in parts: next is the from of the next part, absent in
 *                    the last. Those of whom nothing is known are left out.
 *   usage: {username, sinceMs, allocations, allocationsMade, packetsIn, bytesIn, packetsOut,
 *   bytesOut, packetsDropped}
 *                    sinceMs: of the first allocation, ms since 1970. allocations: now. In: from
 *                    the client to peers, Out: to the client, data without headers. packetsDropped:
 *                    above the user's bandwidth. Exact when it is answered. Users without
 *                    allocations are remembered within a bound, the longest idle go first.
 *
 * Errors
 *   -32602 parameters of a wrong type or too many, -32601 unknown method, -32600 hello did not come
 *   first, -32603 out of memory */
#pragma once

#define TURN_API_NAMES_MAX 1000
#define TURN_API_TIMEOUT_MS 5000

/* Names that each end remembers: those that were issued, and those that were revoked. */
#define TURN_API_REMEMBERED_MAX 65536
