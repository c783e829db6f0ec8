//===- InterruptTest.cpp - signals in the middle of work ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Interrupt.h"
#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/StandardStreams.h"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

using namespace xlstm;
using Names = std::set<std::string>;

namespace {

class InterruptTest : public test::TestFolder {
protected:
  /// The exit code of a child that runs `work` as a tool; its standard error is in `said`.
  int runChild(const std::function<int()> &work) {
    pid_t child = ::fork();
    if (child == 0) {
      ::dup2(::open((folder / "said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      ::alarm(60);
      catchInterrupts("tool");
      ::_exit(runTool("tool", work));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    said = get(folder / "said");
    std::filesystem::remove(folder / "said");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string said;
};

[[noreturn]] void waitForEnd() {
  for (;;)
    ::pause();
}

} // namespace

TEST_F(InterruptTest, RemovesWhatIsUnfinished) {
  put("f", "old");
  for (int signal : {SIGINT, SIGTERM}) {
    int code = runChild([&]() -> int {
      AtomicFile file(folder / "f");
      file.write("half");
      AtomicDirectory directory(folder / "d");
      AtomicFile inner(directory.path() / "inner");
      ScratchFolder scratch(folder / "f");
      writeTextFile(scratch.path() / "whole", "text");
      ::raise(signal);
      waitForEnd();
    });
    EXPECT_EQ(code, 128 + signal);
    EXPECT_EQ(names(), Names{"f"});
    EXPECT_EQ(get(folder / "f"), "old");
    EXPECT_EQ(said, "tool: interrupted\n");
  }
}

TEST_F(InterruptTest, SaysHowToGoOn) {
  EXPECT_EQ(runChild([&]() -> int {
              setInterruptLine("the same command goes on");
              ::raise(SIGINT);
              waitForEnd();
            }),
            130);
  EXPECT_EQ(said, "tool: interrupted: the same command goes on\n");
}

TEST_F(InterruptTest, WaitsForDeferredWork) {
  EXPECT_EQ(runChild([&]() -> int {
              DeferInterrupts interrupts;
              ::raise(SIGTERM);
              ::raise(SIGTERM); // as `timeout` sends it: to the process, and to its group
              writeTextFile(folder / "work", "done");
              throw Stopped{interrupts.signal(), "stopped after step 3"};
            }),
            143);
  EXPECT_EQ(said, "tool: stopped after step 3\n");
  EXPECT_EQ(get(folder / "work"), "done");
  EXPECT_EQ(runChild([&]() -> int { // looked at by nobody
              {
                DeferInterrupts interrupts;
                ::raise(SIGINT);
              }
              waitForEnd();
            }),
            130);
}

TEST_F(InterruptTest, ASecondOneEndsAtOnce) {
  EXPECT_EQ(runChild([&]() -> int {
              DeferInterrupts interrupts;
              ::raise(SIGINT);
              ::usleep(400'000);
              ::raise(SIGINT);
              writeTextFile(folder / "work", "done");
              return 0;
            }),
            130);
  EXPECT_EQ(names(), Names{});
}

TEST_F(InterruptTest, OfAShellsBackgroundOnlyKillIsMeant) {
  auto handler = std::signal(SIGINT, SIG_IGN);
  EXPECT_EQ(runChild([&]() -> int {
              ::kill(::getpid(), SIGINT);
              waitForEnd();
            }),
            130);
  std::signal(SIGINT, handler);
}

TEST_F(InterruptTest, OutputThatCannotBeWritten) {
  auto full = [&](auto write) {
    return runChild([&]() -> int {
      ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO);
      write();
      return 0;
    });
  };
  EXPECT_EQ(full([] { writeOut("text"); }), 1);
  EXPECT_EQ(said, "tool: error: standard output: cannot write: No space left on device\n");
  EXPECT_EQ(full([] { std::printf("text"); }), 1);
  EXPECT_EQ(said, "tool: error: standard output: cannot write: No space left on device\n");
  EXPECT_EQ(full([] { std::cout << "text"; }), 1);
  EXPECT_EQ(full([] { tell(STDOUT_FILENO, "text"); }), 0);
  EXPECT_EQ(full([] {}), 0);

  auto unread = [&](auto write) {
    return runChild([&]() -> int {
      int ends[2];
      EXPECT_EQ(::pipe(ends), 0);
      ::close(ends[0]);
      ::dup2(ends[1], STDOUT_FILENO);
      write();
      return 0;
    });
  };
  EXPECT_EQ(unread([] { writeOut("text"); }), -SIGPIPE);
  EXPECT_EQ(said, "");
  EXPECT_EQ(unread([] { std::cout << "text"; }), -SIGPIPE);
  EXPECT_EQ(unread([] { tell(STDOUT_FILENO, "text"); }), 0);
}

TEST_F(InterruptTest, ClosedStreamsAreNotTakenByFiles) {
  EXPECT_EQ(runChild([&]() -> int {
              for (int stream : {0, 1, 2})
                ::close(stream);
              openStandardStreams();
              int file = ::open((folder / "f").c_str(), O_WRONLY | O_CREAT, 0600);
              char byte = 0;
              bool fails = ::read(0, &byte, 1) < 0 && ::write(1, &byte, 1) < 0;
              return file > 2 && fails ? 0 : 7;
            }),
            0);
}
