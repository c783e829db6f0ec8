//===- State.cpp - /health and /metrics ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Service.h"

namespace xlstm::serve {

void tellHealth(Exchange exchange) {
  if (exchange.service.isClosing)
    throw ApiError(503, shuttingDown);
  exchange.send({{"status", "ok"}});
}

namespace {

struct Metric {
  const char *name, *type, *help;
  double value;
};

} // namespace

static double rate(uint64_t tokens, uint64_t nanoseconds) {
  return nanoseconds ? static_cast<double>(tokens) * 1e9 / static_cast<double>(nanoseconds) : 0;
}

/// Prometheus' text format; llamacpp: are llama-server's names.
void tellMetrics(Exchange exchange) {
  const EngineCounts &c = exchange.service.engine.counts();
  auto d = [](uint64_t value) { return static_cast<double>(value); };
  const uint64_t decodes = c.decodes, written = c.writtenTokens;
  const Metric metrics[] = {
      {"llamacpp:prompt_tokens_total", "counter", "Tokens of prompts that were read", d(c.promptTokens)},
      {"llamacpp:prompt_seconds_total", "counter", "Seconds that reading them took", d(c.readNanoseconds) / 1e9},
      {"llamacpp:tokens_predicted_total", "counter", "Tokens written", d(written)},
      {"llamacpp:tokens_predicted_seconds_total", "counter", "Seconds that writing them took",
       d(c.writeNanoseconds) / 1e9},
      {"llamacpp:n_decode_total", "counter", "Rounds in which every text that is written got a token", d(decodes)},
      {"llamacpp:n_busy_slots_per_decode", "gauge", "Texts written in a round, on average",
       decodes ? d(written) / d(decodes) : 0},
      {"llamacpp:prompt_tokens_seconds", "gauge", "Tokens read in a second", rate(c.promptTokens, c.readNanoseconds)},
      {"llamacpp:predicted_tokens_seconds", "gauge", "Tokens written in a second of one text",
       rate(written, c.writeNanoseconds)},
      {"llamacpp:requests_processing", "gauge", "Texts that are read or written",
       d(static_cast<uint64_t>(exchange.service.engine.busySlots()))},
      {"llamacpp:requests_deferred", "gauge", "Texts that wait", d(exchange.service.engine.waitingJobs())},
      {"xlstm:prompt_tokens_cached_total", "counter", "Tokens of prompts whose state was there", d(c.cachedTokens)},
      {"xlstm:state_cache_hits_total", "counter", "Prompts whose beginning was found", d(c.stateHits)},
      {"xlstm:state_cache_misses_total", "counter", "Prompts that were read from the start", d(c.stateMisses)},
      {"xlstm:state_cache_evictions_total", "counter", "States that made room for others", d(c.stateEvictions)},
      {"xlstm:state_cache_entries", "gauge", "States that are kept", d(c.states)},
      {"xlstm:state_cache_bytes", "gauge", "Memory that they take", d(c.stateBytes)},
  };
  std::string text;
  for (const Metric &metric : metrics) {
    char value[40];
    std::snprintf(value, sizeof value, "%.15g", metric.value);
    text += std::string("# HELP ") + metric.name + " " + metric.help + "\n# TYPE " + metric.name + " " + metric.type +
            "\n" + metric.name + " " + value + "\n";
  }
  exchange.responder->send({200, std::move(text), "text/plain; version=0.0.4"});
}

} // namespace xlstm::serve
