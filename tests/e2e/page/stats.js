// What WebRTC's own statistics say of one stream.
export async function rtcStats(stream) {
  const pc = stream.getWebRtcPeer()?.pc;
  if (!pc) return { state: 'new' }; // it is made when the server's offer is there
  const all = [...(await pc.getStats()).values()];
  const byId = new Map(all.map((s) => [s.id, s]));
  const transport = all.find((s) => s.type === 'transport');
  const pair = byId.get(transport?.selectedCandidatePairId)
    ?? all.find((s) => s.type === 'candidate-pair' && (s.selected || s.nominated));
  const rtp = (type, kind) => all.find((s) => s.type === type && s.kind === kind);
  const codec = (s) => (s ? byId.get(s.codecId)?.mimeType : undefined);
  const inVideo = rtp('inbound-rtp', 'video');
  const outVideo = rtp('outbound-rtp', 'video');
  const [local, remote] = [byId.get(pair?.localCandidateId), byId.get(pair?.remoteCandidateId)];
  return {
    state: pc.connectionState,
    gathering: pc.iceGatheringState,
    lines: (pc.localDescription?.sdp.match(/^m=\w+/gm) ?? []).map((m) => m.slice(2)),
    srtp: transport?.srtpCipher,
    dtls: transport?.dtlsState,
    local: local?.candidateType,
    remote: remote?.candidateType,
    protocol: local?.protocol, // to a relay: what is relayed
    from: local?.address,
    to: remote && { address: remote.address, port: remote.port, protocol: remote.protocol },
    rtt: pair?.currentRoundTripTime,
    framesReceived: inVideo?.framesReceived ?? 0,
    framesDecoded: inVideo?.framesDecoded ?? 0,
    framesDropped: inVideo?.framesDropped ?? 0,
    keyFramesDecoded: inVideo?.keyFramesDecoded ?? 0,
    videoLost: inVideo?.packetsLost ?? 0,
    videoReceived: inVideo?.packetsReceived ?? 0,
    repeated: inVideo?.retransmittedPacketsReceived ?? 0,
    nacks: inVideo?.nackCount ?? 0,
    plis: inVideo?.pliCount ?? 0,
    freezes: inVideo?.freezeCount ?? 0,
    frozenS: inVideo?.totalFreezesDuration ?? 0,
    width: inVideo?.frameWidth,
    audioLost: rtp('inbound-rtp', 'audio')?.packetsLost ?? 0,
    audioReceived: rtp('inbound-rtp', 'audio')?.packetsReceived ?? 0,
    audioLevel: rtp('inbound-rtp', 'audio')?.totalAudioEnergy ?? 0,
    framesEncoded: outVideo?.framesEncoded ?? 0,
    videoSent: outVideo?.packetsSent ?? 0,
    audioSent: rtp('outbound-rtp', 'audio')?.packetsSent ?? 0,
    targetBitrate: outVideo?.targetBitrate,
    codec: codec(inVideo ?? outVideo),
  };
}
