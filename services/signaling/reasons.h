/* reasons.h: why things end, in the words of the API. */
#pragma once

#define REASON_DISCONNECT "disconnect"
#define REASON_UNPUBLISH "unpublish"
#define REASON_UNSUBSCRIBE "unsubscribe"
#define REASON_NETWORK_DISCONNECT "networkDisconnect"
#define REASON_FORCE_DISCONNECT_BY_USER "forceDisconnectByUser"
#define REASON_FORCE_DISCONNECT_BY_SERVER "forceDisconnectByServer"
#define REASON_FORCE_UNPUBLISH_BY_USER "forceUnpublishByUser"
#define REASON_FORCE_UNPUBLISH_BY_SERVER "forceUnpublishByServer"
#define REASON_LAST_PARTICIPANT_LEFT "lastParticipantLeft"
#define REASON_SESSION_CLOSED_BY_SERVER "sessionClosedByServer"
#define REASON_MEDIA_SERVER_RECONNECT "mediaServerReconnect"
#define REASON_NODE_CRASHED "nodeCrashed"
#define REASON_SERVER_STOPPED "openviduServerStopped"
