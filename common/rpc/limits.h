// The limits of every service for its callers. The chapter "limits" of README.md is generated from them (tests/readme).
#pragma once

#include "absl/time/time.h"

namespace mestring {

// The largest request: lists of ids and codes, never files.
inline constexpr int kRequestBytesMax = 256 << 10;
// A token, a trace, and what proxies add.
inline constexpr int kMetadataBytesMax = 16 << 10;
// The limits of gRPC itself. Between ours and these the edge refuses, with a reason. Above these the core of gRPC
// refuses, with a code and a text only.
inline constexpr int kTransportRequestBytesMax = 1 << 20;
inline constexpr int kTransportMetadataBytesMax = 64 << 10;
// The memory of gRPC for all connections. The edge checks a token only when the message is there, so strangers could
// fill the memory. Half of what a container gets (deploy/kubernetes); above it gRPC accepts no connection and ends
// calls.
inline constexpr size_t kTransportMemoryMax = 256 << 20;
// A gateway puts all its calls and watches on one connection.
inline constexpr int kStreamsPerConnectionMax = 2000;
// How long a connection lives, so that load spreads over replicas and a withdrawn certificate ends; RPCs under way then
// have longer than their longest deadline.
inline constexpr absl::Duration kConnectionAge = absl::Minutes(2);
inline constexpr absl::Duration kConnectionGrace = absl::Seconds(40);
// gRPC disconnects clients that ping more often (too_many_pings).
inline constexpr absl::Duration kPingIntervalMin = absl::Seconds(10);
// A call that has not begun its work so long after it came is refused, whatever deadline its caller set.
inline constexpr absl::Duration kDeadlineMax = absl::Seconds(30);

}  // namespace mestring
