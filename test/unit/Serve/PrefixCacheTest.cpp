//===- PrefixCacheTest.cpp - states found by what was read -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/PrefixCache.h"
#include "ToySession.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::serve;
using namespace xlstm::test;

static std::vector<std::byte> bytesOf(Session &session) {
  std::span<const std::byte> state = session.viewState();
  return {state.begin(), state.end()};
}

TEST(SnapshotTest, RestoresEveryByteAndSharesWhatIsTheSame) {
  SnapshotStore store;
  ToySession session;
  auto empty = store.take(session, nullptr, {});
  EXPECT_LE(store.bytes() - empty->ownBytes(), snapshotPage) << "a page of numbers; the ring is zeros";
  for (int n = 0; n < 2000; ++n)
    session.readOne(n % 50);
  auto first = store.take(session, empty.get(), {});
  std::vector<std::byte> before = bytesOf(session);
  uint64_t used = store.bytes();
  session.readOne(3);
  auto second = store.take(session, first.get(), {});
  EXPECT_LE(store.bytes() - used, 3 * snapshotPage + second->ownBytes()) << "the pages that one token changes";
  std::vector<std::byte> after = bytesOf(session);
  first->restore(session);
  EXPECT_EQ(bytesOf(session), before);
  EXPECT_EQ(session.position(), 2000);
  ToySession other;
  second->restore(other);
  EXPECT_EQ(bytesOf(other), after);
  first = second = empty = nullptr;
  EXPECT_EQ(store.bytes(), 0u);
}

static std::shared_ptr<const Tokens> shared(Tokens text) { return std::make_shared<const Tokens>(std::move(text)); }

static std::shared_ptr<const Snapshot> stateAt(PrefixCache &cache, int64_t position, bool hasLogits = false) {
  ToySession session;
  for (int64_t n = 0; n < position; ++n)
    session.readOne(0);
  const std::vector<float> logits(hasLogits ? 1 : 0);
  return cache.store.take(session, nullptr, logits);
}

TEST(PrefixCacheTest, FindsTheLongestThatServes) {
  PrefixCache cache(10, 1 << 20);
  Tokens text = toyText(45);
  EXPECT_EQ(cache.find(text), nullptr);
  for (int64_t position : {10, 30, 40})
    cache.add(shared(text), stateAt(cache, position));
  cache.add(shared(text), stateAt(cache, 45, true));
  auto found = [&](size_t length) {
    auto state = cache.find(std::span(text).first(length));
    return state ? state->position : 0;
  };
  EXPECT_EQ(found(45), 45);
  EXPECT_EQ(found(41), 40);
  EXPECT_EQ(found(40), 30) << "the whole text wants logits";
  EXPECT_EQ(found(29), 10);
  EXPECT_EQ(found(9), 0);
  Tokens longer = text, differs = text;
  longer.push_back(1);
  EXPECT_EQ(cache.find(longer)->position, 40) << "a fresh run would cut at 50, not at 45";
  ++differs[35];
  EXPECT_EQ(cache.find(differs)->position, 30);
  ToySession session;
  cache.add(shared(text), cache.store.makeSession(session.viewState(), 45));
  EXPECT_EQ(cache.find(longer)->position, 45) << "the user's session";
}

TEST(PrefixCacheTest, TellsTextsApartThatDifferAtTheFront) {
  PrefixCache cache(10, 1 << 20);
  Tokens one = toyText(25), other = one;
  ++other[3];
  auto first = stateAt(cache, 20), second = stateAt(cache, 20);
  cache.add(shared(one), first);
  cache.add(shared(other), second);
  EXPECT_EQ(cache.find(one), first);
  EXPECT_EQ(cache.find(other), second);
}

TEST(PrefixCacheTest, ForgetsWhatWasNotUsedForLongest) {
  PrefixCache cache(10, 3 * 30000);
  for (uint32_t n = 0; n < 3; ++n)
    cache.add(shared(toyText(11, n)), stateAt(cache, 10));
  const uint64_t each = cache.bytes() / 3;
  PrefixCache small(10, 2 * each + each / 2);
  for (uint32_t n = 0; n < 2; ++n)
    small.add(shared(toyText(11, n)), stateAt(small, 10));
  EXPECT_NE(small.find(toyText(11, 0)), nullptr);
  small.add(shared(toyText(11, 2)), stateAt(small, 10));
  EXPECT_EQ(small.find(toyText(11, 1)), nullptr);
  EXPECT_NE(small.find(toyText(11, 0)), nullptr);
  EXPECT_EQ(small.counts().evictions, 1u);
  small.erase(toyText(11, 0));
  EXPECT_EQ(small.find(toyText(11, 0)), nullptr);
  EXPECT_NE(small.find(toyText(11, 2)), nullptr);
}
