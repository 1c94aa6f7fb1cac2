# haicap: one command per need. `make help` lists them.
# Settings of `make up`: PROVINCE=48 PORT=8000 SCALE=1 EMPTY=1
PROVINCE ?= 48
PORT ?= 8000
SCALE ?= 1
EMPTY ?=
export HAICAP_DATA ?= $(CURDIR)/data

.DEFAULT_GOAL := help
.PHONY: help up test test-slow bench lint format clean setup setup-bench setup-test

help: ## Danh sách lệnh
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo '  Tham số của make up: PROVINCE=48 PORT=8000 SCALE=1 EMPTY=1 (EMPTY=1: dùng thật, không có dữ liệu trình diễn)'

up: setup ## Cài đặt, nạp cả nước, diễn tập và chuyển đổi một tỉnh, mở http://127.0.0.1:8000
	@exec .venv/bin/haicap up --port $(PORT) $(if $(EMPTY),--empty,--province $(PROVINCE) --scale $(SCALE))

test: setup-test ## Mọi kiểm thử (bộ nhanh), trên PostgreSQL riêng trong build/
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pytest -n 2 -m "not slow" --junitxml=build/tests.xml $(ARGS)

test-slow: setup-test ## Các kiểm thử dài
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pytest -n 2 -m slow $(ARGS)

bench: setup-bench ## Đo tốc độ; bảng kết quả ghi vào build/bench.json
	@exec .venv/bin/python -m bench.run $(ARGS)

lint: ## Kiểm tra mã: ruff, mypy, import-linter, di trú, bản dịch
	@tools/bootstrap run test lint data
	@tools/lint

format: ## Sửa định dạng mã
	@tools/bootstrap run test lint data
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

clean: ## Xóa những gì dựng lại được (giữ ./data)
	@if [ -x .venv/bin/haicap ] && [ -d build/test-database ]; then HAICAP_DATA=$(CURDIR)/build/test-database .venv/bin/haicap database stop; fi
	@rm -rf .venv build node_modules src/haicap/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null; true

setup:
	@tools/bootstrap run

setup-bench:
	@tools/bootstrap run bench

setup-test:
	@tools/bootstrap run test lint data
