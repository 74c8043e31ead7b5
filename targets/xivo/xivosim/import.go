package xivosim

import (
	"encoding/csv"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// importRow is one line of an import, by column.
type importRow map[string]string

// imported are the ids that one row made or found; nil for what it has not.
type imported struct {
	RowNumber       int     `json:"row_number"`
	UserID          *int    `json:"user_id"`
	UserUUID        *string `json:"user_uuid"`
	VoicemailID     *int    `json:"voicemail_id"`
	LineID          *int    `json:"line_id"`
	SIPID           *int    `json:"sip_id"`
	SCCPID          *int    `json:"sccp_id"`
	ExtensionID     *int    `json:"extension_id"`
	IncallExtension *int    `json:"incall_extension_id"`
	ProfileID       *int    `json:"cti_profile_id"`
	CallPermissions []int   `json:"call_permission_ids"`
}

// importFault is what was wrong with one row.
type importFault struct {
	Message   string         `json:"message"`
	Timestamp int64          `json:"timestamp"`
	Details   map[string]any `json:"details"`
}

// importUsers answers POST (create) and PUT (update) of a table of users. One
// bad row refuses them all, and every bad row is named.
func importUsers(member string, one func(*call, importRow, *imported) error) handler {
	return func(c *call) (*answer, error) {
		rows, err := readRows(c.r)
		if err != nil {
			return nil, err
		}
		c.cost += costImportRow * time.Duration(len(rows))
		done, faults := []imported{}, []importFault{}
		for i, row := range rows {
			result := imported{RowNumber: i + 1, CallPermissions: []int{}}
			if err := one(c, row, &result); err != nil {
				faults = append(faults, c.importFault(row, i+1, err))
			}
			done = append(done, result)
		}
		if len(faults) > 0 {
			c.rollback()
			return &answer{status: http.StatusBadRequest, body: map[string]any{"errors": faults}}, nil
		}
		return &answer{status: http.StatusCreated, body: map[string]any{member: done}}, nil
	}
}

func (c *call) importFault(row importRow, number int, err error) importFault {
	text := err.Error()
	var p *problem
	if errors.As(err, &p) {
		text = strings.Join(p.messages, ", ")
	}
	return importFault{text, c.sim.opt.Now().Unix(), map[string]any{"row_number": number, "row": row}}
}

// readRows reads the CSV, whatever content type the request claims.
func readRows(r *http.Request) (rows []importRow, err error) {
	in := csv.NewReader(r.Body)
	in.FieldsPerRecord = -1
	records, err := in.ReadAll()
	if err != nil {
		return nil, badRequest("Input Error - CSV file has errors")
	}
	if len(records) == 0 {
		return nil, nil
	}
	for _, record := range records[1:] {
		row := importRow{}
		for i, cell := range record[:min(len(record), len(records[0]))] {
			row[records[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// userCells are the columns that are fields of the user; the others belong to
// what is around him.
var (
	userTexts = []string{
		"firstname", "lastname", "email", "mobile_phone_number", "outgoing_caller_id", "language",
		"call_permission_password", "userfield", "username", "password",
	}
	userBits = []string{
		"enabled", "supervision_enabled", "call_transfer_enabled", "dtmf_hangup_enabled", "call_record_enabled", "online_call_record_enabled",
	}
	userNumbers = []string{"ring_seconds", "simultaneous_calls"}
)

// body turns some of the row's cells into a JSON body: an empty cell is null,
// an absent column is absent. prefix is what the columns have before the
// field's name.
func (row importRow) body(prefix string, texts, bits, numbers []string) (map[string]any, error) {
	body := map[string]any{}
	for _, name := range slices.Concat(texts, bits, numbers) {
		cell, given := row[prefix+name]
		if !given {
			continue
		}
		body[name] = nil
		switch {
		case cell == "":
		case slices.Contains(bits, name):
			if cell != "0" && cell != "1" {
				return nil, badRequest("Input Error - '%s' must be one of (0, 1)", prefix+name)
			}
			body[name] = cell == "1"
		case slices.Contains(numbers, name):
			if _, err := strconv.Atoi(cell); err != nil {
				return nil, badRequest("Input Error - field '%s': wrong type. Should be a integer", prefix+name)
			}
			body[name] = cell
		default:
			body[name] = cell
		}
	}
	return body, nil
}

// loadRow checks a body as its resource's POST would; the complaints of an
// import read as one dict.
func loadRow[T any](s schema[T], body map[string]any, creating bool) (func(*T), error) {
	apply, err := s.load(body, creating)
	var p *problem
	if errors.As(err, &p) {
		return nil, badRequest("{%s}", nested(p.messages))
	}
	return apply, err
}
