//===- CpuFeaturesTest.cpp - what this machine has, as the kernel says it ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Deploy/CpuFeatures.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

using namespace xlstm;

static std::string withoutMarks(std::string name) {
  std::erase_if(name, [](char c) { return c == '_' || c == '.'; });
  return name;
}

/// The flags of /proc/cpuinfo.
static std::set<std::string> kernelFlags() {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("flags")) {
      std::istringstream words(line.substr(line.find(':') + 1));
      for (std::string word; words >> word;)
        flags.insert(withoutMarks(word));
      break;
    }
  return flags;
}

TEST(CpuFeatures, AreThoseThatTheKernelSees) {
  std::set<std::string> flags = kernelFlags();
  if (flags.empty())
    GTEST_SKIP() << "this kernel names no x86 flags";
  const std::map<std::string, std::string> other = {
      {"bmi", "bmi1"}, {"lzcnt", "abm"}, {"sse3", "pni"}, {"sahf", "lahflm"}}; // the kernel's names
  for (const CpuFeature &feature : cpuFeatures) {
    std::string name = feature.name;
    std::string flag = other.contains(name) ? other.at(name) : withoutMarks(name);
    EXPECT_EQ(missingCpuFeatures({name}).empty(), flags.contains(flag)) << name;
  }
}

TEST(CpuFeatures, UnknownOnesAreMissing) {
  EXPECT_EQ(missingCpuFeatures({"time-travel", "x"}), (std::vector<std::string>{"time-travel", "x"}));
  EXPECT_TRUE(missingCpuFeatures({}).empty());
}
