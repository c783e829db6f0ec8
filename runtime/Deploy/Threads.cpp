//===- Threads.cpp - the option -t ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Verbs.h"

namespace xlstm {

void addThreads(CLI::App &app, Backend &backend) {
  if (!backend.threads())
    return;
  constexpr int most = 1024;
  app.add_option_function<int>(
         "-t,--threads", [&backend](const int &threads) { backend.setThreads(threads); },
         "Threads; what is computed does not depend on them [cores that it may use: " +
             std::to_string(backend.threads()) + "]")
      ->check(within(1, most))
      ->type_name("N");
}

} // namespace xlstm
