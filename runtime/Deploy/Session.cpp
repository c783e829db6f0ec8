//===- Session.cpp - what sessions of every kind share --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Deploy/Session.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

void Session::checkRoom(size_t tokens) const {
  if (static_cast<int64_t>(tokens) > room())
    fail("a text may have ", most, " tokens at most, this one has ", count, " and ", tokens, " are to come");
}

} // namespace xlstm
