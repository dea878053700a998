/* media_api.h: what is said on the media daemon's control socket (JSON-RPC, link.h).
 *
 * The media daemon listens; signaling and TURN dial. Error codes are those of the clients' RPC
 * (OpenViduException), so signaling passes code and message on as they are.
 *
 * Ids: room = the session's unique id, "<session id>_<number>"; stream = the stream id; subscriber
 * = the name of a subscribing endpoint, "<connection id>_<stream id>". All are
 * [A-Za-z0-9_~-]{1,255}.
 *
 * What sets up a transport may say about whom it is, for the log: join?, connection? (ids).
 *
 * Requests                                                             results
 *   hello        {client: "signaling"|"turn", instance}                {node, instance, peers,
 *                                                                      trickle}
 *                    instance: random, new with each start of the process that says it.
 *                    trickle: the candidates that clients send one by one are wanted.
 *                    peers: [{ip, port, via?}], where media is sent from and received; via: the
 *                    address of this machine that such an ip leads to which no interface has (1:1
 *                    NAT), on the same port. See "peers" below.
 *                    Must come first. A "signaling" peer takes the place of the one before it.
 *   sync         {rooms: {room: {streams: [..], subscribers: [..]}},   {missing: {room: {...}}}
 *                 more?}
 *                    Media returns what is named but not there, and drops what is not named. With
 *                    "more" the inventory goes on in the next sync, with other rooms or more of
 *                    the same, and nothing is dropped before the last; a part that fails takes all
 *                    the others along.
 *   publish      {room, stream, offer, loopback?, forcedCodec?,        {answer, audio, video}
 *                 maxRecvKbps?, minRecvKbps?, join?, connection?}
 *                    Rates up to MEDIA_KBPS_MAX.
 *                    audio, video: does the offer really send them? With a stream id that exists
 *                    the transport is replaced and the subscribers stay (reconnection).
 *   unpublish    {room, stream}                                        {}   drops its subscribers
 *   subscribe    {room, stream, subscriber, offer, forcedCodec?,       {answer}
 *                 maxSendKbps?, minSendKbps?, join?, connection?}
 *   offer        {room, stream, subscriber, forcedCodec?,              {offer}
 *                 maxSendKbps?, minSendKbps?, join?, connection?}
 *   answer       {room, subscriber, answer}                            {}
 *                    subscribe, and offer + answer, replace an existing subscriber of that name.
 *                    A publisher is asked for no more than the highest maxSendKbps of those who
 *                    watch it (one encoding serves them all), and of no less than minRecvKbps
 *                    and the highest minSendKbps.
 *   trickle      {room, stream | subscriber, candidate}                {}
 *                    "candidate:...", also while the request that makes the endpoint is under way.
 *                    What nothing can be done with is ignored.
 *   unsubscribe  {room, subscriber}                                    {}
 *   closeRoom    {room}                                                {}
 *   stats        {room?, brief?}                                       {transports: [{room,
 *                 stream | subscriber, state, profile, protocol: "udp"|"tcp"|"", localCandidate,
 *                 remoteCandidate, bytesIn, bytesOut, packetsIn, packetsOut, ageMs, connectMs,
 *                 rttMs, tracks}], rooms,
 *                 workers: [{port, transports, rooms, packetsIn, packetsOut, messagesOut,
 *                 droppedOut, junk, badMedia, gso, load, pipedIn, pipedOut, pipeDropped,
 *                 tcp: {connections, refused, droppedOut}, media}],
 *                 refused: {setting: n}}
 *                    Of a room, or of all; brief: without transports. connectMs: first check to
 *                    media keys; rttMs: null until it was measured; rooms: how many.
 *                    tracks: [{direction: "in"|"out", kind: "audio"|"video", codec, ssrc, packets,
 *                    bytes (of payload), bitrate (in the last second), lost, jitterMs, nacks,
 *                    repeated, keyFrameRequests, ..}]. lost: before retransmission; of a track
 *                    that goes out, as its receiver reports it. nacks: packets that were asked
 *                    for; repeated: retransmissions. In: givenUp (asked for in vain), keyFrames,
 *                    freezes, freezeMs (nothing came for over a second). Out: lostPercent (in the
 *                    receiver's last report).
 *                    media: {in: {audio, video}, out: {..}, transportsEnded,
 *                    transportsUnconnected}: the sums of all tracks that there are and were.
 *                    load: of a core. piped...: between workers, of rooms that one does not
 *                    carry. tcp: ICE-TCP, or null: accepted so far, and of these closed as strangers;
 *                    datagrams not taken in time. junk: datagrams of no transport. badMedia:
 *                    not authentic, or came again. refused: by each limit, so often.
 *   describe     {room, stream | subscriber}                           {remoteSdp, localSdp,
 *                 clientCandidates: [{candidate, sdpMid, sdpMLineIndex}], serverCandidates: [..],
 *                 localCandidate, remoteCandidate, events: [{type, timestamp}], figures}
 *                    One transport for a person to look at. SDPs: null before there is one, and
 *                    when it is longer than MEDIA_SDP_KEPT_MAX; candidates: those in the SDPs.
 *                    localCandidate, remoteCandidate: the selected pair, null before it is there;
 *                    that of the client as its check showed it ("typ prflx"). events: the latest
 *                    states and since when, in ms of the clock on the wall. figures: as in stats.
 *   Removing what is not there succeeds. forcedCodec: "VP8", "VP9" or "H264".
 *
 * Errors
 *   302  the SDP is malformed or has no usable media      800  forced codec not in the offer
 *   105  no such stream                                   303  a limit, or another failure;
 *        the text of a limit names the setting that raises it
 *   -32602 parameters of a wrong type, -32601 unknown method, -32600 hello did not come first
 *
 * Notifications of the media daemon
 *   transport    {room, stream | subscriber, state: "connected"|"disconnected"|"closed"|"failed"}
 *                    to signaling; "closed": the browser closed it.
 *   peers        {peers}    the addresses changed; to everyone
 *
 * When the signaling link ends, media goes on for MEDIA_ORPHAN_S and then drops all rooms, unless
 * a signaling daemon has said hello and sync. */
#pragma once

#include <string.h>

#define MEDIA_ORPHAN_S 60
#define MEDIA_CALL_TIMEOUT_MS 5000
#define MEDIA_KBPS_MAX 1000000
#define MEDIA_SDP_KEPT_MAX 16384 /* browsers' have 2,000 to 10,000 bytes */

/* How much of a room's id is the session's. */
static inline size_t media_room_session_len(const char *room)
{
    const char *tail = strrchr(room, '_');

    return tail ? (size_t) (tail - room) : strlen(room);
}

enum media_error {
    MEDIA_ERR_NO_STREAM = 105,
    MEDIA_ERR_SDP = 302,
    MEDIA_ERR_ENDPOINT = 303,
    MEDIA_ERR_FORCED_CODEC = 800,
};
