-- Copies the views of a store, and nothing else of it, into a file that may be given away:
-- sqlite3 backup.db < publish.sql
ATTACH 'public.db' AS public;
CREATE TABLE public.v_coverage AS SELECT * FROM v_coverage;
CREATE TABLE public.v_coverage_daily AS SELECT * FROM v_coverage_daily;
CREATE TABLE public.v_statement AS SELECT * FROM v_statement;
CREATE TABLE public.v_speaker_daily AS SELECT * FROM v_speaker_daily;
CREATE TABLE public.v_source AS SELECT * FROM v_source;
CREATE INDEX public.coverage_of_event ON v_coverage (event_id);
CREATE INDEX public.coverage_by_day ON v_coverage (event_day);
CREATE INDEX public.coverage_daily ON v_coverage_daily (day);
CREATE INDEX public.statement_by_day ON v_statement (day);
CREATE INDEX public.statement_of_speaker ON v_statement (speaker_id);
CREATE INDEX public.speaker_daily ON v_speaker_daily (day);
