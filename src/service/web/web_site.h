// SPDX-License-Identifier: Apache-2.0
// WebSite: what one port answers: the files of a folder, the dashboard, its API, metrics.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "service/hosted_stack.h"
#include "service/web/assets.h"
#include "service/web/face.h"
#include "service/web/guard.h"
#include "service/web/http/address_seats.h"
#include "service/web/http/http_site.h"
#include "service/web/http/http_troubles.h"
#include "service/web/live/live_session.h"

//   /metrics                 Prometheus                    ┐
//   <dashboard>/api/...      JSON, and live over websocket ├ for whom Guard knows
//   <dashboard>/...          the page                      ┘
//   /...                     files of the folder, for all
//
// <dashboard> is / without a folder and /_strata/ beside one.

namespace strata::service {

struct WebSiteParts {
  std::string folder{};  // empty: the dashboard has the root
  // Null: there is no dashboard, and nothing of what belongs to it.
  Face* face = nullptr;
  const Guard* guard = nullptr;
  LiveHub* hub = nullptr;
  std::span<const Asset> assets{};
  HttpTroubles* troubles = nullptr;  // null: nobody counts
};

class WebSite final : public HttpSite {
 public:
  static constexpr std::size_t kLiveMax = 32;
  // One address leaves others a seat.
  static constexpr std::size_t kLivePerAddress = 16;
  static constexpr std::size_t kQuestionsMax = 1024;
  static constexpr std::size_t kQuestionsPerAddress = 256;

  // The stack whose addresses it is asked by; all must outlive it.
  WebSite(HostedStack& host, WebSiteParts parts);

  // From the next request on.
  void serve_folder(std::string folder);

  [[nodiscard]] std::optional<HttpAnswer> answer(const HttpRequest& request, const HttpPeer& peer,
                                                 const HttpLater& later) override;
  [[nodiscard]] std::unique_ptr<HttpGuest> welcome(const HttpRequest& request,
                                                   std::unique_ptr<Transport> transport,
                                                   std::string early,
                                                   const HttpLater& later) override;

 private:
  void note_stranger(const HttpPeer& peer);
  [[nodiscard]] std::optional<HttpAnswer> answer_own(const HttpRequest& request,
                                                     std::string_view path, const HttpPeer& peer,
                                                     const HttpLater& later);
  [[nodiscard]] std::optional<HttpAnswer> answer_api(const HttpRequest& request,
                                                     std::string_view path, const HttpPeer& peer,
                                                     const HttpLater& later);
  [[nodiscard]] std::optional<HttpAnswer> answer_change(const HttpRequest& request,
                                                        std::string_view path, const HttpPeer& peer,
                                                        const HttpLater& later);
  [[nodiscard]] HttpAnswer answer_live(const HttpRequest& request, const HttpPeer& peer) const;
  [[nodiscard]] HttpAnswer answer_asset(const HttpRequest& request, std::string_view path) const;
  // An answer at once is a refusal.
  [[nodiscard]] std::optional<HttpAnswer> ask(const FaceQuery& query, const HttpPeer& peer,
                                              const HttpLater& later);

  HostedStack& host_;
  WebSiteParts parts_;
  std::optional<HttpFolder> folder_;
  std::optional<WebSocketHome> sockets_;
  AddressSeats seats_{kLiveMax, kLivePerAddress};  // of live sessions
  AddressSeats questions_{kQuestionsMax, kQuestionsPerAddress};
  std::string_view prefix_;
};

}  // namespace strata::service
