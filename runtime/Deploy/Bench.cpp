//===- Bench.cpp - the verb bench: how fast the compiled model runs -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests and their names are those of llama-bench: ppN reads a prompt of N tokens, tgN writes N tokens one by one,
// ppN+tgM both, "@ dN" does so after N tokens of the same text; "sampled" draws each token, as text is written; "x N"
// writes N texts together, as a server does. Every token's logits come to the host, as they do when it generates.

#include "runtime/Deploy/BenchReport.h"
#include "runtime/Deploy/Counts.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Text/Sampler.h"
#include "xlstm/Support/Error.h"

#include <chrono>

namespace xlstm {

namespace {

struct BenchSettings {
  std::string prompts = "512", generated = "128", depths = "0", texts = "1";
  std::vector<std::string> pairs;
  int64_t repetitions = 5;
  std::string format = "md";
  bool withLimits = false, isSampled = false;
};

} // namespace

/// Tokens without meaning; the work does not depend on which they are.
static std::vector<int64_t> makeTokens(int64_t count, int64_t vocab) {
  std::vector<int64_t> ids(count);
  uint64_t state = 1;
  for (int64_t &id : ids) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    id = static_cast<int64_t>(state >> 33) % vocab;
  }
  return ids;
}

/// Seconds of a token of all texts at a time, written behind test.depth earlier ones.
static double runTogether(std::span<Session *const> all, const BenchTest &test, int64_t vocab) {
  const std::vector<int64_t> before = makeTokens(test.depth, vocab), ids = makeTokens(test.generated, vocab);
  for (Session *session : all) {
    session->reset();
    if (!before.empty())
      session->read(before);
  }
  auto start = std::chrono::steady_clock::now();
  for (int64_t id : ids)
    all.front()->readTogether(all, std::vector(all.size(), id));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds of the part that is measured.
static double runOnce(Session &session, const BenchTest &test, int64_t vocab) {
  std::vector<int64_t> before = makeTokens(test.depth, vocab), ids = makeTokens(test.prompt + test.generated, vocab);
  session.reset();
  if (!before.empty())
    session.read(before);
  auto start = std::chrono::steady_clock::now();
  std::span<const int64_t> all(ids);
  std::span<float> logits;
  if (test.prompt)
    logits = session.read(all.first(test.prompt));
  Sampler sampler({});
  for (int64_t id : all.subspan(test.prompt))
    logits = session.readOne(test.sampled && !logits.empty() ? sampler.sample(logits) : id);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

static BenchResult measure(std::span<Session *const> all, const BenchTest &test, const ModelNumbers &numbers,
                           int64_t repetitions) {
  BenchResult result{test, {}};
  auto run = [&] {
    return test.texts > 1 ? runTogether(all.first(test.texts), test, numbers.vocab)
                          : runOnce(*all.front(), test, numbers.vocab);
  };
  run(); // warm-up: weights come into memory, a device prepares its graphs
  for (int64_t i = 0; i < repetitions; ++i)
    result.seconds.push_back(run());
  return result;
}

static std::vector<BenchTest> listTests(const BenchSettings &settings) {
  std::vector<BenchTest> tests;
  for (int64_t depth : parseCounts(settings.depths)) {
    for (int64_t prompt : parseCounts(settings.prompts))
      if (prompt)
        tests.push_back({prompt, 0, depth});
    for (int64_t generated : parseCounts(settings.generated))
      for (int64_t texts : parseCounts(settings.texts))
        if (generated && texts)
          tests.push_back({0, generated, depth, settings.isSampled && texts == 1, texts});
    for (const std::string &pair : settings.pairs) {
      std::vector<int64_t> counts = parseCounts(pair);
      if (counts.size() != 2 || !counts[0] || !counts[1])
        fail("--pg: expected a prompt's tokens and those to generate, such as 512,128, found '", pair, "'");
      tests.push_back({counts[0], counts[1], depth, settings.isSampled});
    }
  }
  return tests;
}

static void runBench(const BenchSettings &settings, Backend &backend) {
  const std::vector<BenchTest> tests = listTests(settings);
  int64_t texts = 1;
  for (const BenchTest &test : tests)
    texts = std::max(texts, test.texts);
  if (texts > backend.mostSessions())
    fail("--parallel: expected at most ", backend.mostSessions(), " texts, found ", texts);
  BenchReport report{CarriedModel::openToRun(backend.numbers()), backend.numbers(), {}, 0, {}, {}};
  const char *weights = weightsFor(report.model, backend);
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<Session *> all;
  for (int64_t n = 0; n < texts; ++n)
    all.push_back(sessions.emplace_back(backend.makeSession(weights)).get());
  report.model.waitForWeights();
  report.backend = backend.name();
  report.threads = backend.threads();
  if (settings.withLimits)
    report.limits = backend.measureLimits();
  for (const BenchTest &test : tests)
    report.results.push_back(measure(all, test, report.numbers, settings.repetitions));
  writeOut(settings.format == "json" ? formatJson(report) : formatTable(report));
}

void addBench(CLI::App &app, Backend &backend) {
  auto settings = std::make_shared<BenchSettings>();
  CLI::App *verb = app.add_subcommand("bench", "Measure tokens per second");
  auto counts = [&](const char *names, std::string &values, const char *text) {
    verb->add_option(names, values, text)->type_name("N,...")->capture_default_str();
  };
  counts("-p,--n-prompt", settings->prompts, "Prompt lengths, such as 512,2048, 0-1024+256 or 64-1024*2; 0: none");
  counts("-n,--n-gen", settings->generated, "Numbers of tokens to generate; 0: none");
  counts("-d,--n-depth", settings->depths, "Numbers of tokens that go before");
  if (backend.mostSessions() > 1)
    counts("--parallel", settings->texts, "Numbers of texts that are written together, a token of each at a time");
  verb->add_option("--pg", settings->pairs, "A prompt and what is written behind it, in one measurement; repeatable")
      ->type_name("N,N")
      ->allow_extra_args(false);
  verb->add_flag("--sample", settings->isSampled,
                 "Draw each token that is written from the logits, as generation does");
  addThreads(*verb, backend);
  verb->add_option("-r,--repetitions", settings->repetitions, "How often each test is measured")
      ->check(within(1, 10000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("-o,--output", settings->format, "Form of the output")
      ->check(CLI::IsMember({"md", "json"}))
      ->capture_default_str();
  if (backend.hasLimits())
    verb->add_flag("--limits", settings->withLimits,
                   "Measure the device's copy and matmul rates as well, and say which share of them is reached");
  verb->callback([settings, &backend] { runBench(*settings, backend); });
}

} // namespace xlstm
