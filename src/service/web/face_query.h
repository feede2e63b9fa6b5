// SPDX-License-Identifier: Apache-2.0
// What the face is asked, and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "service/connections/connection_walk.h"
#include "service/snapshot.h"
#include "service/web/http/http_file.h"

namespace strata::service {

struct FaceAnswer {
  unsigned status = 200;             // of HTTP
  std::string text;                  // JSON, or what metrics are written in
  std::shared_ptr<HttpFile> file{};  // or the capture
};
using FaceTold = std::function<void(FaceAnswer)>;

struct FaceQuery {
  enum class Kind : std::uint8_t {
    kStatus,
    kList,
    kConnections,
    kConnection,
    kMetrics,
    kCapture,
    kCaptureStart,
    kCaptureStop,
    kCaptureFile
  };
  Kind kind = Kind::kStatus;
  std::size_t stack = 0;
  SnapshotParts parts = SnapshotParts::all();     // kStatus
  SnapshotPart list = SnapshotPart::kInterfaces;  // kList
  ListWindow window{};                            // kList
  ConnectionQuery connections{};                  // kConnections
  ConnectionId id{};                              // kConnection
  std::string filter{};                           // kCaptureStart
  std::size_t snap = 0;                           // kCaptureStart
};

// {"ok":false,"error":"..."}
[[nodiscard]] FaceAnswer face_refusal(unsigned status, const char* why);

}  // namespace strata::service
