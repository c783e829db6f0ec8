//===- Ranks.cpp - a verb that several processes do together ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Ranks.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"
#include "xlstm/Support/Quiet.h"
#include "xlstm/Support/Within.h"

#include <cstdlib>

namespace xlstm {

void RankSettings::addOptions(CLI::App &verb) {
  constexpr int64_t most = 4096;
  CLI::Option *onGpus = verb.add_option("--gpus", gpus, "Start so many processes, each on a GPU of this host")
                            ->check(within(int64_t{1}, most));
  verb.add_option("--processes", processes, "Start so many processes on this host's CPU")
      ->check(within(int64_t{1}, most))
      ->excludes(onGpus);
}

/// Of rank 0. Never returns where it fails: NCCL's threads are not there to see the end of main.
static void leadRanks(Group &group, const std::function<void()> &lead) {
  int code = runTool("xlstm", [&] {
    try {
      lead();
      group.call("");
      return 0;
    } catch (const std::exception &error) {
      group.report("");
      endProgressLine();
      tellError("xlstm", error);
      return 1;
    }
  });
  if (code != 0)
    std::_Exit(code);
}

/// Of a rank behind the first, which leaves talking to the others. Never returns where it fails.
static void joinRank(Group &group, const std::function<void(const std::string &)> &join) {
  try {
    for (std::string call; !(call = group.nextCall()).empty();)
      join(call);
  } catch (const Stopped &stopped) {
    std::_Exit(128 + stopped.signal);
  } catch (const std::exception &error) {
    std::string text = error.what();
    group.report(text.substr(0, text.find('\n')));
    std::_Exit(1);
  }
}

void workTogether(const RankSettings &settings, const std::string &device, const std::function<void()> &lead,
                  const std::function<void(const std::string &)> &join) {
  Place place = Place::fromEnvironment();
  if (place.size == 1 && settings.count() > 1)
    std::exit(launchRanks(settings.count()));
  if (settings.count() > 1 && settings.count() != place.size)
    fail("expected ", settings.count(), " processes as the command line says, found ", place.size,
         " as the environment does");
  if (place.size == 1)
    return lead();
  if (place.rank > 0) {
    beQuiet();
    interruptQuietly();
  }
  chooseGpu(int(place.localRank));
  Group::start(place);
  Group &group = Group::world();
  if (group.isFirst()) {
    leadRanks(group, [&] {
      openDevice(device);
      lead();
    });
  } else {
    joinRank(group, [&](const std::string &call) {
      openDevice(device);
      join(call);
    });
  }
  Group::finish();
}

} // namespace xlstm
