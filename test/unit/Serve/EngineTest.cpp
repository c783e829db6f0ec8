//===- EngineTest.cpp - many texts at once are as each alone ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Engine.h"
#include "ToySession.h"
#include "xlstm/Support/Error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace xlstm;
using namespace xlstm::serve;
using namespace xlstm::test;
using namespace std::chrono_literals;

constexpr int64_t piece = 16;

namespace {

class Collector : public Listener {
public:
  void onPrompt(int64_t tokens, std::vector<TokenChances> chances) override {
    std::lock_guard lock(mutex);
    cached = tokens;
    scored = std::move(chances);
  }
  void onToken(int choice, int32_t id, std::string, std::optional<TokenChances>) override {
    std::lock_guard lock(mutex);
    written[choice].push_back(id);
    changed.notify_all();
  }
  void onEnd(int choice, std::string, Finish, int64_t tokens) override {
    std::lock_guard lock(mutex);
    EXPECT_EQ(static_cast<int64_t>(written[choice].size()), tokens);
    ++ended;
    changed.notify_all();
  }
  void onError(int code, const std::string &) override {
    std::lock_guard lock(mutex);
    EXPECT_EQ(status, 0) << "told twice";
    status = code;
    changed.notify_all();
  }
  /// Until so many choices have ended, or an error came.
  void wait(int choices = 1) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 60s, [&] { return ended >= choices || status; }));
  }
  void waitForToken() {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 60s, [&] { return !written.empty(); }));
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::map<int, Tokens> written;
  std::vector<TokenChances> scored;
  int64_t cached = -1;
  int ended = 0, status = 0;
};

struct Request {
  std::shared_ptr<Job> job = std::make_shared<Job>();
  std::shared_ptr<Collector> answer = std::make_shared<Collector>();

  explicit Request(Tokens prompt, int64_t most = 10, int choices = 1) {
    job->prompt = std::make_shared<const Tokens>(std::move(prompt));
    job->choices = choices;
    job->options.most = most;
    job->listener = answer;
  }
};

} // namespace

static EngineModel toyModel(std::chrono::microseconds delay = {}) {
  return {[delay] { return std::make_unique<ToySession>(delay); }, nullptr, {}, piece};
}

static EngineOptions withCache(int slots = 3) { return {slots, 64, uint64_t{64} << 20, 2 * piece}; }

static int64_t ask(Engine &engine, Request &request) {
  EXPECT_EQ(engine.submit({request.job}), Engine::Verdict::Taken);
  request.answer->wait(request.job->choices);
  return request.answer->cached;
}

TEST(EngineTest, TextsAtOnceAreAsEachAlone) {
  for (uint64_t cache : {uint64_t{0}, uint64_t{1} << 20, uint64_t{64} << 20}) {
    Engine engine(toyModel(), {3, 64, cache, 2 * piece});
    std::vector<Request> requests;
    for (uint32_t n = 0; n < 40; ++n) {
      Tokens prompt = toyText(1 + 13 * (n % 17), n % 5); // some begin alike
      requests.emplace_back(prompt, 1 + n % 9, 1 + static_cast<int>(n % 3));
    }
    for (Request &request : requests)
      ASSERT_EQ(engine.submit({request.job}), Engine::Verdict::Taken);
    for (Request &request : requests) {
      request.answer->wait(request.job->choices);
      for (int choice = 0; choice < request.job->choices; ++choice)
        EXPECT_EQ(request.answer->written[choice],
                  writtenAlone(*request.job->prompt, request.job->options.most, piece));
    }
  }
}

TEST(EngineTest, TextsAreWrittenTogether) {
  ToySession::mostTogether = 0;
  Engine engine(toyModel(200us), {3, 64, 0, piece});
  std::vector<Request> requests;
  for (uint32_t n = 0; n < 3; ++n)
    requests.emplace_back(toyText(4, n), 40);
  ASSERT_EQ(engine.submit({requests[0].job, requests[1].job, requests[2].job}), Engine::Verdict::Taken);
  for (Request &request : requests) {
    request.answer->wait();
    EXPECT_EQ(request.answer->written[0], writtenAlone(*request.job->prompt, 40, piece));
  }
  EXPECT_EQ(ToySession::mostTogether, 3u);
  EXPECT_LT(engine.counts().decodes, 3u * 40) << "a round brings each a token";
}

// One text that ends where the model's memory does leaves the others as they are.
TEST(EngineTest, WhoHasNoRoomStopsNobody) {
  EngineModel model = toyModel();
  model.makeSession = [] { return std::make_unique<ToySession>(std::chrono::microseconds{}, 30); };
  Engine engine(model, {2, 64, 0, piece});
  Request full(toyText(28, 1), 10), other(toyText(5, 2), 10);
  ASSERT_EQ(engine.submit({full.job, other.job}), Engine::Verdict::Taken);
  full.answer->wait();
  other.answer->wait();
  EXPECT_EQ(full.answer->status, 500);
  EXPECT_EQ(other.answer->written[0], writtenAlone(*other.job->prompt, 10, piece));
}

TEST(EngineTest, PrefixIsFoundToThePieceAndTheAnswerIsThatOfAFreshRun) {
  Engine engine(toyModel(), withCache());
  Request first(toyText(100)), again(toyText(100)), longer(toyText(130)), shorter(toyText(70)), other(toyText(50, 2));
  EXPECT_EQ(ask(engine, first), 0);
  EXPECT_EQ(ask(engine, again), 100) << "the same prompt is not read again";
  EXPECT_EQ(ask(engine, longer), 96) << "the last whole piece of the first";
  EXPECT_EQ(ask(engine, shorter), 64) << "the checkpoint every two pieces";
  EXPECT_EQ(ask(engine, other), 0);
  for (Request *request : {&first, &again, &longer, &shorter, &other})
    EXPECT_EQ(request->answer->written[0], writtenAlone(*request->job->prompt, 10, piece));
  EXPECT_EQ(engine.counts().stateHits, 3u);
  EXPECT_EQ(engine.counts().cachedTokens, 100u + 96 + 64);
}

TEST(EngineTest, OtherChoicesDoNotReadThePromptAgain) {
  for (uint64_t cache : {uint64_t{0}, uint64_t{64} << 20}) {
    Engine engine(toyModel(), {2, 64, cache, piece});
    Request request(toyText(200), 5, 4);
    request.job->options.sampler = {1.0, 0, 1.0, 7};
    ToySession::tokensRead = 0;
    ask(engine, request);
    EXPECT_EQ(ToySession::tokensRead, 200u + 4 * 4) << "the last token of an answer is not read";
    EXPECT_EQ(engine.counts().promptTokens, 200u);
    Request second(toyText(200), 5); // choice 1 is drawn as seed + 1 alone
    second.job->options.sampler = {1.0, 0, 1.0, 8};
    ask(engine, second);
    EXPECT_EQ(request.answer->written[1], second.answer->written[0]);
    EXPECT_NE(request.answer->written[0], request.answer->written[1]);
  }
}

TEST(EngineTest, StatesTakeNoMoreThanTheyMay) {
  constexpr uint64_t most = 200 << 10;
  Engine engine(toyModel(), {1, 64, most, piece});
  for (uint32_t n = 0; n < 20; ++n) {
    Request request(toyText(150, n));
    ask(engine, request);
    EXPECT_EQ(request.answer->written[0], writtenAlone(*request.job->prompt, 10, piece));
  }
  engine.status(); // the counts are those of the last step
  EXPECT_LE(engine.counts().stateBytes, most);
  EXPECT_GT(engine.counts().states, 1u);
  EXPECT_GT(engine.counts().stateEvictions, 0u);
  Request last(toyText(150, 19));
  EXPECT_EQ(ask(engine, last), 150) << "the one used last is there";
}

TEST(EngineTest, WhoLeavesFreesTheSlot) {
  Engine engine(toyModel(200us), {1, 64, 0, piece});
  Request endless(toyText(5), 1 << 20), next(toyText(20));
  ASSERT_EQ(engine.submit({endless.job}), Engine::Verdict::Taken);
  endless.answer->waitForToken();
  endless.job->isGone = true;
  engine.wake();
  ask(engine, next);
  EXPECT_EQ(next.answer->written[0], writtenAlone(*next.job->prompt, 10, piece));
  EXPECT_EQ(endless.answer->ended, 0);
  Request last(toyText(5), 1 << 20); // nobody comes after it
  ASSERT_EQ(engine.submit({last.job}), Engine::Verdict::Taken);
  last.answer->waitForToken();
  last.job->isGone = true;
  engine.wake();
  for (int n = 0; n < 1000 && engine.busySlots(); ++n)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(engine.busySlots(), 0);
}

TEST(EngineTest, LongPromptStallsNobody) {
  Engine engine(toyModel(50us), {2, 64, 0, piece});
  Request reader(toyText(20000), 1), writer(toyText(3), 60);
  ASSERT_EQ(engine.submit({reader.job, writer.job}), Engine::Verdict::Taken);
  writer.answer->wait();
  EXPECT_EQ(writer.answer->ended, 1);
  EXPECT_EQ(reader.answer->cached, -1) << "it is still being read";
  // As much time for either, so about as many tokens; a piece for each token would be 960.
  EXPECT_LT(engine.counts().promptTokens, 480u);
  reader.job->isGone = true;
}

TEST(EngineTest, QueueIsBounded) {
  Engine engine(toyModel(200us), {1, 2, 0, piece});
  std::vector<Request> requests;
  for (int n = 0; n < 4; ++n)
    requests.emplace_back(toyText(5), 1 << 20);
  ASSERT_EQ(engine.submit({requests[0].job}), Engine::Verdict::Taken);
  requests[0].answer->waitForToken();
  EXPECT_EQ(engine.submit({requests[1].job, requests[2].job}), Engine::Verdict::Taken);
  EXPECT_EQ(engine.submit({requests[3].job}), Engine::Verdict::Full);
  engine.close(0s);
  EXPECT_EQ(engine.submit({requests[3].job}), Engine::Verdict::Closing);
  for (int n : {0, 1, 2}) {
    requests[static_cast<size_t>(n)].answer->wait();
    EXPECT_EQ(requests[static_cast<size_t>(n)].answer->status, 503);
  }
}

TEST(EngineTest, TimeIsLimitedInTheQueueAndAfterIt) {
  Engine engine(toyModel(200us), {1, 8, 0, piece});
  Request running(toyText(5), 1 << 20), queued(toyText(5), 1 << 20);
  running.job->deadline = Clock::now() + 60ms;
  queued.job->deadline = Clock::now() + 20ms;
  ASSERT_EQ(engine.submit({running.job}), Engine::Verdict::Taken);
  running.answer->waitForToken();
  ASSERT_EQ(engine.submit({queued.job}), Engine::Verdict::Taken);
  queued.answer->wait();
  running.answer->wait();
  EXPECT_EQ(queued.answer->status, 503);
  EXPECT_EQ(running.answer->status, 504);
}

TEST(EngineTest, ClosingFinishesWhatRuns) {
  Engine engine(toyModel(100us), {1, 8, 0, piece});
  Request running(toyText(5), 100), queued(toyText(5), 100);
  ASSERT_EQ(engine.submit({running.job, queued.job}), Engine::Verdict::Taken);
  running.answer->waitForToken();
  engine.close(60s);
  EXPECT_EQ(running.answer->ended, 1);
  EXPECT_EQ(running.answer->written[0], writtenAlone(*running.job->prompt, 100, piece));
  EXPECT_EQ(queued.answer->status, 503);
}

TEST(EngineTest, SessionsAreSavedAndGoOn) {
  Engine engine(toyModel(), withCache(1)), later(toyModel(), withCache(1));
  Request request(toyText(40), 7);
  ask(engine, request);
  Engine::Saved saved = engine.save(0);
  ASSERT_EQ(saved.text.size(), 46u) << "the last token was not read";
  std::vector<std::byte> bytes(saved.state->bytes);
  saved.state->write(bytes);
  later.restore(0, {saved.text, later.store().makeSession(bytes, 46)});
  Tokens longer = saved.text;
  for (int32_t id : toyText(60, 5))
    longer.push_back(id);
  Request next(longer, 5), again(longer, 5);
  EXPECT_EQ(ask(later, next), 46);
  ToySession session; // as if it had never ended: what follows is read, up to the ends of pieces
  saved.state->restore(session);
  std::span<float> logits;
  for (size_t from : {46, 48, 64, 80, 96}) {
    const size_t to = std::min<size_t>(longer.size(), (from / piece + 1) * piece);
    logits = session.read(
        std::vector<int64_t>(longer.begin() + static_cast<int64_t>(from), longer.begin() + static_cast<int64_t>(to)));
  }
  EXPECT_EQ(next.answer->written[0][0], std::ranges::max_element(logits) - logits.begin());
  EXPECT_EQ(ask(later, again), 106);
  EXPECT_EQ(later.erase(0), 106u + 4) << "of 5 written the last was not read";
  Request after(longer, 5);
  EXPECT_EQ(ask(later, after), 0) << "nothing of it is left";
  EXPECT_EQ(after.answer->written[0], writtenAlone(longer, 5, piece));
}

TEST(EngineTest, PromptIsScoredTokenByToken) {
  Engine engine(toyModel(), withCache());
  Request request(toyText(30), 0);
  request.job->scoresPrompt = true;
  request.job->options.chances = 2;
  ask(engine, request);
  ASSERT_EQ(request.answer->scored.size(), 29u);
  ToySession session;
  for (size_t n = 0; n + 1 < 30; ++n) {
    std::span<float> logits = session.readOne(toyText(30)[n]);
    double total = 0;
    for (float logit : logits)
      total += std::exp(static_cast<double>(logit));
    const auto id = static_cast<size_t>(toyText(30)[n + 1]);
    EXPECT_NEAR(request.answer->scored[n].own.logProbability, static_cast<double>(logits[id]) - std::log(total), 1e-9);
    EXPECT_EQ(request.answer->scored[n].top.size(), 2u);
  }
  EXPECT_EQ(engine.counts().states, 0u) << "a text read one by one is not what a prompt is";
}

TEST(EngineTest, AnswerIsReadAgainInIdleTime) {
  Engine engine(toyModel(), withCache());
  Request request(toyText(40), 60);
  request.job->readsAnswer = true;
  ask(engine, request);
  for (int n = 0; n < 1000 && engine.counts().states < 4; ++n) {
    std::this_thread::sleep_for(2ms);
    engine.status();
  }
  Tokens longer = *request.job->prompt;
  longer.insert(longer.end(), request.answer->written[0].begin(), request.answer->written[0].end());
  longer.push_back(3);
  Request next(longer);
  EXPECT_EQ(ask(engine, next), 96);
  EXPECT_EQ(next.answer->written[0], writtenAlone(longer, 10, piece));
}
