//===- Group.cpp - the processes that do one job together -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Distributed/Group.h"

#include "C10d.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace xlstm {

namespace {

/// One process.
class LoneGroup : public Group {
public:
  LoneGroup() : Group(Place{}) {}
};

class Done : public Pending {
public:
  void wait() override {}
};

} // namespace

std::unique_ptr<Group> &Group::current() {
  // Never destroyed: where the process ends by an error, other ranks may not be there to part from.
  static auto *group = new std::unique_ptr<Group>(std::make_unique<LoneGroup>());
  return *group;
}

Group &Group::world() { return *current(); }

void Group::start(const Place &place) {
  if (place.size > 1)
    current() = joinRanks(place);
}

void Group::finish() {
  current()->leave();
  current() = std::make_unique<LoneGroup>();
}

std::unique_ptr<Pending> Group::reduceScatter(at::Tensor part, at::Tensor whole) {
  part.copy_(whole);
  return std::make_unique<Done>();
}

std::unique_ptr<Pending> Group::allGather(at::Tensor whole, at::Tensor part) {
  whole.copy_(part);
  return std::make_unique<Done>();
}

std::vector<double> Group::sum(std::vector<double> values) {
  if (isAlone())
    return values;
  at::Tensor tensor = at::empty({int64_t(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<double>());
  allReduce(tensor);
  std::copy_n(tensor.const_data_ptr<double>(), values.size(), values.begin());
  return values;
}

int64_t Group::greatest(int64_t value) {
  if (isAlone())
    return value;
  at::Tensor tensor = at::empty({1}, at::kLong);
  *tensor.mutable_data_ptr<int64_t>() = value;
  allReduce(tensor, Reduction::Max);
  return *tensor.const_data_ptr<int64_t>();
}

} // namespace xlstm
