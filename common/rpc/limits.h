// The limits that a caller meets at the edge of every service. README.md's chapter "limits" is written from them
// (tests/readme).
#pragma once

#include "absl/time/time.h"

namespace mestring {

// The largest request: lists of ids and codes, never files.
inline constexpr int kRequestBytesMax = 256 << 10;
// A token, a trace, and what proxies add.
inline constexpr int kMetadataBytesMax = 16 << 10;
// The limits of gRPC itself. Between our limit and this one the edge refuses, with a reason. Above this one gRPC's core
// refuses, with a code and a text only.
inline constexpr int kTransportRequestBytesMax = 1 << 20;
inline constexpr int kTransportMetadataBytesMax = 64 << 10;
// What gRPC may hold for all connections: the edge looks at the token when the message is there, so strangers could
// make us hold many. Half of what a container is given (deploy/kubernetes); above it gRPC takes no new connection and
// ends calls.
inline constexpr size_t kTransportMemoryMax = 256 << 20;
// A gateway puts all its calls and watches on one connection.
inline constexpr int kStreamsPerConnectionMax = 2000;
// A connection lives this long, so that load spreads over replicas and a withdrawn certificate ends;
// RPCs under way then have longer than their longest deadline.
inline constexpr absl::Duration kConnectionAge = absl::Minutes(2);
inline constexpr absl::Duration kConnectionGrace = absl::Seconds(40);
// Clients that ping more often than this are sent away (too_many_pings).
inline constexpr absl::Duration kPingIntervalMin = absl::Seconds(10);
// No call begins its work later than this after it came, whatever deadline its caller set.
inline constexpr absl::Duration kDeadlineMax = absl::Seconds(30);

}  // namespace mestring
