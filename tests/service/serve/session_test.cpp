// SPDX-License-Identifier: Apache-2.0
#include "service/serve/session.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "service/client.h"
#include "strata/tcp_listener.h"

namespace strata::service::session_test {
namespace {

constexpr std::uint16_t kPort = 4000;

// Reads what there is; "more" asks for another turn, "over" ends it.
class Recorder final : public Session {
 public:
  using Session::Session;
  std::string heard;
  int turns = 0;
  int turns_wanted = 0;

 private:
  bool work() override {
    ++turns;
    std::array<std::byte, 100> buffer;
    const auto count = stream().read(buffer, now());
    if (count) heard.append(reinterpret_cast<const char*>(buffer.data()), *count);
    if (turns < turns_wanted) {
      go_on_later();
      go_on_later();
    }
    return !heard.ends_with("over");
  }
};

class SessionTest : public testing::Test, public SessionOwner {
 protected:
  void SetUp() override {
    auto made = TcpListener::listen(lab.ours->stack(), {IpAddress::any_v4(), kPort}, {});
    ASSERT_TRUE(made.has_value());
    listener.emplace(std::move(*made));
    client = std::make_unique<Client>(lab, kPort);
  }
  void accept() {
    auto accepted = listener->accept(lab_now);
    ASSERT_TRUE(accepted.has_value());
    session = std::make_unique<Recorder>(*this, std::move(*accepted));
  }

  Executor& executor() override {
    ++asked_for_executor;
    return *lab.loop;
  }
  void on_session_over(Session& over) override { ended.push_back(&over); }

  int asked_for_executor = 0;
  Lab lab;
  std::optional<TcpListener> listener;
  std::unique_ptr<Client> client;
  std::unique_ptr<Recorder> session;
  std::vector<Session*> ended;
};

TEST_F(SessionTest, BeginsWithWhatCameBeforeIt) {
  client->send("early");
  accept();
  session->start();
  EXPECT_EQ(session->heard, "early");
}

TEST_F(SessionTest, WorksWheneverItsStreamHasNews) {
  accept();
  session->start();
  const int before = session->turns;
  client->send("a");
  client->send("b");
  EXPECT_EQ(session->heard, "ab");
  EXPECT_GE(session->turns, before + 2);
  EXPECT_TRUE(ended.empty());
}

TEST_F(SessionTest, ClosesItsStreamAndTellsItsOwnerOnce) {
  accept();
  session->start();
  client->send("over");
  EXPECT_EQ(ended, std::vector<Session*>{session.get()});
  EXPECT_EQ(client->state(), Error::kClosed);
  const int turns = session->turns;
  session->start();
  lab.run_for(std::chrono::milliseconds(10));
  EXPECT_EQ(session->turns, turns) << "it is over";
  EXPECT_EQ(ended.size(), 1U);
}

TEST_F(SessionTest, GivesUpAPeerThatIsSilentForAMinute) {
  accept();
  session->start();
  lab.run_for(std::chrono::seconds(40));
  client->send("still here");
  lab.run_for(std::chrono::seconds(59));
  EXPECT_TRUE(ended.empty());
  lab.run_for(std::chrono::seconds(2));
  EXPECT_EQ(ended, std::vector<Session*>{session.get()});
  EXPECT_EQ(client->state(), Error::kClosed);
}

TEST_F(SessionTest, GoesOnInALaterTurnOnceForAllThatAsk) {
  accept();
  session->turns_wanted = 5;
  session->start();
  EXPECT_EQ(session->turns, 1) << "not at once";
  lab.run_for(std::chrono::milliseconds(10));
  EXPECT_EQ(session->turns, 5);
}

// As when the machine that it is on crashes.
TEST_F(SessionTest, ThatIsGoneDoesNotGoOn) {
  accept();
  session->turns_wanted = 5;
  session->start();
  session.reset();
  asked_for_executor = 0;
  lab.run_for(std::chrono::milliseconds(10));
  EXPECT_EQ(asked_for_executor, 0);
}

}  // namespace
}  // namespace strata::service::session_test
