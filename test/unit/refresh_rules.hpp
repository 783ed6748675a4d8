// The rules of test/vectors/refresh_rules.tsv, which the model in test/model is made from as well.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "session/policy.hpp"

namespace jwt_auth::session {

class RefreshRules {
 public:
  // A value for each condition, in the order of the columns.
  using Situation = std::array<int, 7>;

  struct Rule {
    std::vector<std::string> cells;
    std::vector<int> conditions;  // 0: any value
    Status status;
    Event event;  // kNone also for an event that the code does not know
    bool ends;
  };

  explicit RefreshRules(const std::string &path) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
      if (line.empty() || line[0] == '#') continue;
      if (columns_.empty())
        ReadHead(Cells(line));
      else
        ReadRule(Cells(line));
    }
    if (rules_.empty()) throw std::runtime_error("cannot read " + path);
  }

  // The number of a value of a condition. Raises unless a rule names it.
  int Value(std::string_view column, std::string_view value) const {
    const std::vector<std::string> &values = values_[Column(column)];
    const auto found = std::find(values.begin(), values.end(), value);
    if (found == values.end()) throw std::runtime_error("no rule says " + std::string(column) + " " + std::string(value));
    return static_cast<int>(found - values.begin()) + 1;
  }

  // The first rule that matches; none is a hole in the table.
  const Rule &Find(const Situation &situation) const {
    for (const Rule &rule : rules_) {
      if (std::equal(rule.conditions.begin(), rule.conditions.end(), situation.begin(), situation.end(),
                     [](int wanted, int is) { return wanted == 0 || wanted == is; }))
        return rule;
    }
    throw std::runtime_error("no rule matches");
  }

  const std::vector<Rule> &rules() const { return rules_; }
  const std::string &Cell(const Rule &rule, std::string_view column) const { return rule.cells[Column(column)]; }

 private:
  static std::vector<std::string> Cells(const std::string &line) {
    std::vector<std::string> cells;
    std::istringstream text(line);
    for (std::string cell; std::getline(text, cell, '\t');) cells.push_back(cell);
    return cells;
  }

  std::size_t Column(std::string_view name) const {
    const auto found = std::find(columns_.begin(), columns_.end(), name);
    if (found == columns_.end()) throw std::runtime_error("no column " + std::string(name));
    return static_cast<std::size_t>(found - columns_.begin());
  }

  void ReadHead(std::vector<std::string> cells) {
    columns_ = std::move(cells);
    values_.resize(Column("status"));
  }

  void ReadRule(std::vector<std::string> cells) {
    if (cells.size() != columns_.size()) throw std::runtime_error("a rule has another number of columns than the head");
    Rule rule{};
    for (std::size_t i = 0; i < values_.size(); ++i) {
      std::vector<std::string> &values = values_[i];
      if (cells[i] != "*" && std::find(values.begin(), values.end(), cells[i]) == values.end()) values.push_back(cells[i]);
      rule.conditions.push_back(cells[i] == "*" ? 0 : Value(columns_[i], cells[i]));
    }
    rule.cells = std::move(cells);
    rule.status = StatusNamed(Cell(rule, "status"));
    rule.event = EventNamed(Cell(rule, "event"));
    rule.ends = Cell(rule, "writes") == "delete";
    rules_.push_back(std::move(rule));
  }

  static Status StatusNamed(std::string_view name) {
    for (int i = 0; i < 64; ++i) {
      if (name == NameOf(static_cast<Status>(i))) return static_cast<Status>(i);
    }
    throw std::runtime_error("no status " + std::string(name));
  }

  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> values_;  // of each condition
  std::vector<Rule> rules_;
};

}  // namespace jwt_auth::session
