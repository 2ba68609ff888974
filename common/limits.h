// The limits that a caller meets at the edge of every service. README.md's chapter "limits" is written from them
// (tests/readme).
#pragma once

#include "absl/time/time.h"

namespace mestring {

// The largest request: lists of ids and codes, never files.
inline constexpr int kRequestBytesMax = 256 << 10;
// A token, a trace, and what proxies add.
inline constexpr int kMetadataBytesMax = 16 << 10;
// Where gRPC itself ends: what lies between is refused by the edge, with a reason; beyond, gRPC's core answers
// before us, with a code and a text only.
inline constexpr int kTransportRequestBytesMax = 1 << 20;
inline constexpr int kTransportMetadataBytesMax = 64 << 10;
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
