// SPDX-License-Identifier: Apache-2.0
#include "script/run/commands.h"

#include <gtest/gtest.h>

#include <map>

namespace strata::script::commands_test {
namespace {

struct Shell {
  std::string run(std::string_view text) {
    const auto done = commands.run(text);
    return done ? "" : done.error();
  }
  std::map<std::string, std::string, std::less<>> files;
  Settings settings = usual_settings();
  Commands commands{settings, [this](std::string_view path) -> std::optional<std::string> {
                      const auto found = files.find(path);
                      return found == files.end() ? std::nullopt : std::optional(found->second);
                    }};
};

TEST(Commands, SetWhatSysctlAsksFor) {
  Shell shell;
  EXPECT_EQ(shell.run("sysctl -q net.ipv4.tcp_sack=0 net/ipv4/tcp_syn_retries=2"), "");
  EXPECT_EQ(shell.run("../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0"), "");
  EXPECT_FALSE(shell.settings.tcp.sack);
  EXPECT_FALSE(shell.settings.tcp.timestamps);
  EXPECT_EQ(shell.settings.tcp.syn_retries, 2);
}

TEST(Commands, TakeAsDoneWhatIsSoHereAnyway) {
  Shell shell;
  for (const char* const text :
       {"ip tcp_metrics flush all > /dev/null 2>&1", "tc qdisc add dev tun0 root pfifo",
        "/tmp/sysctl_restore_${PPID}.sh", "true", "ethtool -K tun0 tso off gso off"}) {
    EXPECT_EQ(shell.run(text), "") << text;
  }
  EXPECT_TRUE(shell.commands.notes().empty());
}

TEST(Commands, RefuseTheRestByName) {
  Shell shell;
  EXPECT_EQ(shell.run("rm -rf /"), "unsupported: command `rm -rf /`");
  EXPECT_NE(shell.run("sysctl -w kern.nonsense=1").find("unsupported"), std::string::npos);
  EXPECT_NE(shell.run("ethtool -K tun0 gro on").find("unsupported"), std::string::npos);
  EXPECT_NE(shell.run("ethtool -K tun0 tso").find("unsupported"), std::string::npos);
  EXPECT_NE(shell.run("sysctl net.ipv4.tcp_sack").find("without NAME=VALUE"), std::string::npos);
  EXPECT_EQ(shell.run("a | grep b"), "unsupported: command `a`");
  EXPECT_EQ(shell.run("echo 1 > /sys/module/x"), "unsupported: command `echo 1 > /sys/module/x`");
  EXPECT_NE(shell.run("nstat --json").find("unsupported"), std::string::npos);
}

TEST(Commands, EchoSetsWhatItsFileStandsFor) {
  Shell shell;
  EXPECT_EQ(shell.run("echo 0 > /proc/sys/net/ipv4/tcp_sack"), "");
  EXPECT_FALSE(shell.settings.tcp.sack);
  EXPECT_EQ(shell.run("echo 3 > /sys/module/tcp_cubic/parameters/hystart_detect"), "");
  EXPECT_NE(shell.run("echo 1 > /sys/module/tcp_cubic/parameters/hystart_detect"), "");
  EXPECT_EQ(shell.run("echo done"), "");
}

TEST(Commands, EthtoolSaysWhetherSegmentsAreCutLate) {
  Shell shell;
  EXPECT_EQ(shell.run("ethtool -K tun0 gso off tso off gro off"), "");
  EXPECT_FALSE(shell.settings.tcp.super_segments);
  EXPECT_EQ(shell.run("ethtool -K tun0 tso on"), "");
  EXPECT_TRUE(shell.settings.tcp.super_segments);
}

TEST(Commands, TheSecondIsForWhereTheFirstFails) {
  Shell shell;
  EXPECT_EQ(shell.run("nonsense || sysctl -q net.ipv4.tcp_sack=0"), "");
  EXPECT_FALSE(shell.settings.tcp.sack);
  EXPECT_EQ(shell.run("true || sysctl -q net.ipv4.tcp_sack=1"), "");
  EXPECT_FALSE(shell.settings.tcp.sack);
  EXPECT_EQ(shell.run("true || nonsense || more; sysctl -q net.ipv4.tcp_sack=1"), "");
  EXPECT_TRUE(shell.settings.tcp.sack);
  EXPECT_EQ(shell.run("nonsense || more"), "unsupported: command `more`");
}

TEST(Commands, ExitEndsTheTextWithItsStatus) {
  Shell shell;
  EXPECT_EQ(shell.run("exit 0; nonsense"), "");
  EXPECT_EQ(shell.run("exit; nonsense"), "");
  EXPECT_EQ(shell.run("true || exit 1"), "");
  EXPECT_EQ(shell.run("exit 1"), "non-zero status 1");
  EXPECT_EQ(shell.run("false"), "non-zero status 1");
  EXPECT_EQ(shell.run("false || exit"), "non-zero status 1");
  EXPECT_EQ(shell.run("false || exit 1"), "non-zero status 1");
  EXPECT_EQ(shell.run("nonsense || exit 1"), "unsupported: command `nonsense`");
}

// Without a stack there is nothing to find.
TEST(Commands, PipelinesSucceedWhereTheirLastFindsSomething) {
  Shell shell;
  EXPECT_EQ(shell.run("nstat > /dev/null"), "");
  EXPECT_EQ(shell.run("nstat | grep TcpExtOutOfWindowIcmps"), "non-zero status 1");
  EXPECT_EQ(shell.run("grep ' 0A ' /proc/net/tcp"), "non-zero status 1");
  EXPECT_EQ(shell.run("nstat | grep TcpExtBogus"), "unsupported: the counter 'TcpExtBogus'");
}

TEST(Commands, FilesThatAreIncludedMayAskForMore) {
  Shell shell;
  shell.files["a.sh"] = "#!/bin/bash\nsysctl -q net.ipv4.tcp_sack=0\nnonsense\n";
  EXPECT_EQ(shell.run("a.sh"), "");
  EXPECT_FALSE(shell.settings.tcp.sack);
  ASSERT_EQ(shell.commands.notes().size(), 1U);
  EXPECT_EQ(shell.commands.notes()[0], "command `nonsense`");
}

TEST(Commands, FilesThatIncludeEachOtherComeToAnEnd) {
  Shell shell;
  shell.files["a.sh"] = "a.sh\na.sh\n";
  EXPECT_EQ(shell.run("a.sh"), "files that include each other");
}

TEST(Commands, OnlySettingsOfTcpChangeOnceTheStackIsMade) {
  Shell shell;
  shell.commands.freeze();
  EXPECT_EQ(shell.run("sysctl -q net.ipv4.tcp_sack=0"), "");
  EXPECT_FALSE(shell.settings.tcp.sack);
  EXPECT_NE(shell.run("sysctl -q net.ipv4.ip_forward=1").find("only settings of TCP"),
            std::string::npos);
  EXPECT_FALSE(shell.commands.take_forgetting());
  EXPECT_EQ(shell.run("ip tcp_metrics flush all"), "");
  EXPECT_TRUE(shell.commands.take_forgetting());
  EXPECT_FALSE(shell.commands.take_forgetting());
}

}  // namespace
}  // namespace strata::script::commands_test
