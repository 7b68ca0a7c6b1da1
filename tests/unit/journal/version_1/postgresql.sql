CREATE TABLE public.device (
    id integer NOT NULL,
    transaction_id integer NOT NULL,
    name text NOT NULL,
    state text,
    error text NOT NULL
);
CREATE SEQUENCE public.device_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.device_id_seq OWNED BY public.device.id;
CREATE TABLE public.diff (
    id integer NOT NULL,
    device_id integer NOT NULL,
    file text NOT NULL,
    added integer NOT NULL,
    removed integer NOT NULL,
    text text NOT NULL
);
CREATE SEQUENCE public.diff_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.diff_id_seq OWNED BY public.diff.id;
CREATE TABLE public.failed_check (
    id integer NOT NULL,
    transaction_id integer NOT NULL,
    device text NOT NULL,
    name text NOT NULL,
    expected text NOT NULL,
    found text NOT NULL
);
CREATE SEQUENCE public.failed_check_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.failed_check_id_seq OWNED BY public.failed_check.id;
CREATE TABLE public.run (
    id integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    command text NOT NULL,
    inventory_commit text NOT NULL,
    actor text NOT NULL,
    dry_run boolean NOT NULL,
    host text NOT NULL,
    process text NOT NULL,
    exit_code integer
);
CREATE SEQUENCE public.run_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.run_id_seq OWNED BY public.run.id;
CREATE TABLE public.schema_version (
    version integer NOT NULL
);
CREATE TABLE public.transaction (
    id integer NOT NULL,
    run_id integer NOT NULL,
    subject text NOT NULL,
    title text NOT NULL,
    digest text NOT NULL,
    planned_at timestamp with time zone,
    ended_at timestamp with time zone,
    result text,
    seconds double precision,
    error text NOT NULL,
    error_number text NOT NULL,
    checks_passed integer NOT NULL
);
CREATE SEQUENCE public.transaction_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.transaction_id_seq OWNED BY public.transaction.id;
ALTER TABLE ONLY public.device ALTER COLUMN id SET DEFAULT nextval('public.device_id_seq'::regclass);
ALTER TABLE ONLY public.diff ALTER COLUMN id SET DEFAULT nextval('public.diff_id_seq'::regclass);
ALTER TABLE ONLY public.failed_check ALTER COLUMN id SET DEFAULT nextval('public.failed_check_id_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
ALTER TABLE ONLY public.transaction ALTER COLUMN id SET DEFAULT nextval('public.transaction_id_seq'::regclass);
INSERT INTO public.device VALUES (1, 1, 'ar1-utr', 'untouched', '');
INSERT INTO public.device VALUES (2, 1, 'er-16pk00', 'confirmed', 'slow');
INSERT INTO public.device VALUES (3, 2, 'ar1-utr', 'untouched', '');
INSERT INTO public.device VALUES (4, 2, 'er-16pk00', 'confirmed', 'slow');
INSERT INTO public.device VALUES (5, 3, 'ar1-utr', NULL, '');
INSERT INTO public.device VALUES (6, 3, 'er-16pk00', NULL, '');
INSERT INTO public.diff VALUES (1, 2, '/etc/frr/frr.conf', 2, 1, '-old <secret>
+new
+newer');
INSERT INTO public.diff VALUES (2, 4, '/etc/frr/frr.conf', 2, 1, '-old <secret>
+new
+newer');
INSERT INTO public.diff VALUES (3, 6, '/etc/frr/frr.conf', 2, 1, '-old <secret>
+new
+newer');
INSERT INTO public.failed_check VALUES (1, 1, 'er-16pk00', 'default route', 'there', 'none');
INSERT INTO public.failed_check VALUES (2, 2, 'er-16pk00', 'default route', 'there', 'none');
INSERT INTO public.run VALUES (1, '2026-09-01 10:00:00+00', '2026-09-01 10:03:00+00', 'provision --school 16PK00', '0123456789ab', 'anna@noc', false, 'noc', '4711@8015', 0);
INSERT INTO public.run VALUES (2, '2026-09-01 10:04:00+00', '2026-09-01 10:07:00+00', 'provision --school 16PK01 --dry-run', '0123456789ab-dirty', 'bob@noc', true, 'noc', '4711@8015', 0);
INSERT INTO public.run VALUES (3, '2026-09-01 10:08:00+00', NULL, 'provision --school 16PK02', '', 'bob@noc', false, 'noc', '4711@8015', NULL);
INSERT INTO public.schema_version VALUES (1);
INSERT INTO public.transaction VALUES (1, 1, '16PK00', 'De Regenboog, Utrecht', '0f10fd2eb717957e788fdc8ffbe59a7b7141b470c77b295475452620ae0631d6', '2026-09-01 10:01:00+00', '2026-09-01 10:02:00+00', 'confirmed', 12.5, 'oh', 'PV6000', 1);
INSERT INTO public.transaction VALUES (2, 2, '16PK01', 'De Regenboog, Utrecht', '0f10fd2eb717957e788fdc8ffbe59a7b7141b470c77b295475452620ae0631d6', '2026-09-01 10:05:00+00', '2026-09-01 10:06:00+00', 'differences', 12.5, 'oh', 'PV6000', 1);
INSERT INTO public.transaction VALUES (3, 3, '16PK02', 'De Regenboog, Utrecht', '0f10fd2eb717957e788fdc8ffbe59a7b7141b470c77b295475452620ae0631d6', '2026-09-01 10:09:00+00', NULL, NULL, NULL, '', '', 0);
SELECT pg_catalog.setval('public.device_id_seq', 6, true);
SELECT pg_catalog.setval('public.diff_id_seq', 3, true);
SELECT pg_catalog.setval('public.failed_check_id_seq', 2, true);
SELECT pg_catalog.setval('public.run_id_seq', 3, true);
SELECT pg_catalog.setval('public.transaction_id_seq', 3, true);
ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.diff
    ADD CONSTRAINT diff_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.failed_check
    ADD CONSTRAINT failed_check_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.transaction
    ADD CONSTRAINT transaction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.transaction
    ADD CONSTRAINT transaction_run_id_subject_key UNIQUE (run_id, subject);
CREATE INDEX ix_device_transaction_id ON public.device USING btree (transaction_id);
CREATE INDEX ix_diff_device_id ON public.diff USING btree (device_id);
CREATE INDEX ix_failed_check_transaction_id ON public.failed_check USING btree (transaction_id);
CREATE INDEX transaction_subject ON public.transaction USING btree (subject, run_id);
ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.transaction(id);
ALTER TABLE ONLY public.diff
    ADD CONSTRAINT diff_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.device(id);
ALTER TABLE ONLY public.failed_check
    ADD CONSTRAINT failed_check_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.transaction(id);
ALTER TABLE ONLY public.transaction
    ADD CONSTRAINT transaction_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.run(id);
