BEGIN TRANSACTION;
CREATE TABLE device (
	id INTEGER NOT NULL, 
	transaction_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	state TEXT, 
	error TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(transaction_id) REFERENCES "transaction" (id)
);
INSERT INTO "device" VALUES(1,1,'ar1-utr','untouched','');
INSERT INTO "device" VALUES(2,1,'er-16pk00','confirmed','slow');
INSERT INTO "device" VALUES(3,2,'ar1-utr','untouched','');
INSERT INTO "device" VALUES(4,2,'er-16pk00','confirmed','slow');
INSERT INTO "device" VALUES(5,3,'ar1-utr',NULL,'');
INSERT INTO "device" VALUES(6,3,'er-16pk00',NULL,'');
CREATE TABLE diff (
	id INTEGER NOT NULL, 
	device_id INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	added INTEGER NOT NULL, 
	removed INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(device_id) REFERENCES device (id)
);
INSERT INTO "diff" VALUES(1,2,'/etc/frr/frr.conf',2,1,'-old <secret>
+new
+newer');
INSERT INTO "diff" VALUES(2,4,'/etc/frr/frr.conf',2,1,'-old <secret>
+new
+newer');
INSERT INTO "diff" VALUES(3,6,'/etc/frr/frr.conf',2,1,'-old <secret>
+new
+newer');
CREATE TABLE failed_check (
	id INTEGER NOT NULL, 
	transaction_id INTEGER NOT NULL, 
	device TEXT NOT NULL, 
	name TEXT NOT NULL, 
	expected TEXT NOT NULL, 
	found TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(transaction_id) REFERENCES "transaction" (id)
);
INSERT INTO "failed_check" VALUES(1,1,'er-16pk00','default route','there','none');
INSERT INTO "failed_check" VALUES(2,2,'er-16pk00','default route','there','none');
CREATE TABLE run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	command TEXT NOT NULL, 
	inventory_commit TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	dry_run BOOLEAN NOT NULL, 
	host TEXT NOT NULL, 
	process TEXT NOT NULL, 
	exit_code INTEGER
);
INSERT INTO "run" VALUES(1,'2026-09-01 10:00:00.000000','2026-09-01 10:03:00.000000','provision --school 16PK00','0123456789ab','anna@noc',0,'noc','4711@8015',0);
INSERT INTO "run" VALUES(2,'2026-09-01 10:04:00.000000','2026-09-01 10:07:00.000000','provision --school 16PK01 --dry-run','0123456789ab-dirty','bob@noc',1,'noc','4711@8015',0);
INSERT INTO "run" VALUES(3,'2026-09-01 10:08:00.000000',NULL,'provision --school 16PK02','','bob@noc',0,'noc','4711@8015',NULL);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE "transaction" (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	title TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	planned_at DATETIME, 
	ended_at DATETIME, 
	result TEXT, 
	seconds DOUBLE, 
	error TEXT NOT NULL, 
	error_number TEXT NOT NULL, 
	checks_passed INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (run_id, subject), 
	FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "transaction" VALUES(1,1,'16PK00','De Regenboog, Utrecht','0f10fd2eb717957e788fdc8ffbe59a7b7141b470c77b295475452620ae0631d6','2026-09-01 10:01:00.000000','2026-09-01 10:02:00.000000','confirmed',12.5,'oh','PV6000',1);
INSERT INTO "transaction" VALUES(2,2,'16PK01','De Regenboog, Utrecht','0f10fd2eb717957e788fdc8ffbe59a7b7141b470c77b295475452620ae0631d6','2026-09-01 10:05:00.000000','2026-09-01 10:06:00.000000','differences',12.5,'oh','PV6000',1);
INSERT INTO "transaction" VALUES(3,3,'16PK02','De Regenboog, Utrecht','0f10fd2eb717957e788fdc8ffbe59a7b7141b470c77b295475452620ae0631d6','2026-09-01 10:09:00.000000',NULL,NULL,NULL,'','',0);
CREATE INDEX transaction_subject ON "transaction" (subject, run_id);
CREATE INDEX ix_device_transaction_id ON device (transaction_id);
CREATE INDEX ix_failed_check_transaction_id ON failed_check (transaction_id);
CREATE INDEX ix_diff_device_id ON diff (device_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',3);
COMMIT;
